import t from 'tap'
import { parseLabelSelector, selects } from '../../src/cluster/label-selector-text.ts'

t.test('label selectors are those of kubectl', (t) => {
  const labels = { app: 'web', tier: 'front', 'a.io/b': '' }
  const cases: [string, boolean][] = [
    ['', true],
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app in (api, web),tier', true],
    ['app notin (web)', false],
    ['!app', false],
    ['!other,a.io/b', true],
    ['other!=x', true],
    ['toString', false],
  ]
  for (const [text, expected] of cases)
    t.equal(selects(parseLabelSelector(text), labels), expected, text)
  for (const text of ['a=b=c', 'a in b', ',', 'a>1', '=x'])
    t.throws(() => parseLabelSelector(text), { code: 'InvalidLabelSelector' }, text)
  t.end()
})
