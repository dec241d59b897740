import t from 'tap'
import { collectManifests } from '../../src/audit/collect-manifests.ts'

// Which documents that cannot be read are templates, of which kind, and where that shows; `collect-manifests` has the plain rows.

function problemsOf(content: string): string[] {
  const { problems } = collectManifests([{ file: 'a.yaml', content }], {
    rules: [],
    namespace: 'a',
  })
  return problems.map(
    ({ message, position }) => `${position?.line}:${position?.column} ${message}`,
  )
}

const render = (placeholder: string, by: string): string =>
  `this is a template that still holds placeholders such as ${placeholder}: render it first, as in ${by} | pullgate check -f -`
const helm = render('{{ ... }}', 'helm template .')
const jinja = render('{% ... %}', 'jinja2 FILE')
const shell = render('${NAME}', 'envsubst < FILE')

t.test('templates are called so, with what renders them', (t) => {
  const rows: [content: string, problem: string][] = [
    ['metadata: {name: {{ .Release.Name }}}\nspec: {}\n', `1:18 ${helm}`],
    [
      'a: [{b: "{{ x", image: {{ printf "%s:%s" .a .b }}, c: 1}]\nspec: {}\n',
      `1:24 ${helm}`,
    ],
    ['ports: [{{- .Values.port }}]\n', `1:9 ${helm}`],
    ['labels: {a: {{ .Values.list | join "," }}}\n', `1:13 ${helm}`],
    ['{"kind": "Pod",\n "metadata": {{ .Values.meta | toJson }}}\n', `2:14 ${helm}`],
    ['{"name": {{ .x }}}\n{"name": {{ .y }}}\n', `1:10 ${helm}`],
    ['"image": {{ .x }}: y\n', `1:10 ${helm}`],
    ['{% if web %}\nkind: Pod\n{% endif %}\n', `1:1 ${jinja}`],
    ['a: {{ x }}\nb:\n  {%- for p in ps %}\n  - {{ p }}\n', `3:3 ${jinja}`],
    ['ports: [{containerPort: ${PORT}}]\n', `1:25 ${shell}`],
    ['metadata: {\n  name: web-${NAME:-a},\n}\n', `2:13 ${shell}`],
    ['{"replicas": ${REPLICAS}, "a": 1}\n', `1:14 ${shell}`],
    ['kind: Pod\n${METADATA}\nspec: {}\n', `2:1 ${shell}`],
  ]
  for (const [content, problem] of rows) t.same(problemsOf(content), [problem], content)
  t.end()
})

t.test('what is no reason makes no template', (t) => {
  const broken = 'kind: [\n'
  const rows = [
    'a: ${NAME}\n',
    'image: r.test/${NAME}:${TAG}\n',
    'a: {b: "${NAME} {{ x }} {% y %}"}\n',
    "a: '{% x %}'\n",
    'a: |\n  {% if x %}\n  ${NAME}\n',
    'summary: Pod {{ $labels.pod }} is {slow}\n',
    'expr: up{job="a"} == 0\n',
  ]
  for (const row of rows) {
    const [problem, ...others] = problemsOf(row + broken)
    t.match(problem, /^\d+:1 Flow sequence/, row)
    t.same(others, [])
  }
  // With a key set twice it can be read all the same.
  t.match(problemsOf('a: ${NAME}\na: |\n  {{ x }}\n'), [/^2:1 the key "a" is set twice/])
  t.end()
})
