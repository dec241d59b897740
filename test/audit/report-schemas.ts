import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { isFields } from '../../src/json/fields.ts'

/** Throws with every mistake of a value. */
export type Validate = (value: unknown) => void

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: {
    uri: (text) => URL.canParse(text),
    'uri-reference': (text) => /^[\w.~:/?#[\]@!$&'()*+,;=%-]*$/.test(text),
    uuid: UUID,
    'date-time': DATE_TIME,
    int32: true,
    int64: true,
  },
})

/** The whole schema of SARIF 2.1.0. */
export const validateSarif: Validate = validator(JSON.parse(read('sarif-2.1.0.json')))

/** A PolicyReport, a Report or the like, by the definition of its kind; what the API server would prune is a mistake. */
export const validateReportObject: Validate = (value) => {
  const { kind, apiVersion } = isFields(value) ? value : {}
  const validate = definitions.get(`${String(apiVersion)} ${String(kind)}`)
  if (validate === undefined) throw new Error(`no definition of ${String(kind)}`)
  validate(value)
}

/** Files of the definitions, for a real API server. */
export const definitionFiles = [
  'wgpolicyk8s.io_policyreports.yaml',
  'wgpolicyk8s.io_clusterpolicyreports.yaml',
  'openreports.io_reports.yaml',
  'openreports.io_clusterreports.yaml',
].map((name) => new URL(`../schemas/${name}`, import.meta.url))

interface Definition {
  spec: {
    group: string
    names: { kind: string }
    versions: { name: string; schema: { openAPIV3Schema: unknown } }[]
  }
}

const definitions = new Map(
  definitionFiles.flatMap((file) => {
    const { spec } = parse(readFileSync(file, 'utf8')) as Definition
    return spec.versions.map(({ name, schema }): [string, Validate] => [
      `${spec.group}/${name} ${spec.names.kind}`,
      validator(withoutUnknown(schema.openAPIV3Schema)),
    ])
  }),
)

function read(name: string): string {
  return readFileSync(new URL(`../schemas/${name}`, import.meta.url), 'utf8')
}

function validator(schema: unknown): Validate {
  const validate = ajv.compile(schema as object)
  return (value) => {
    if (!validate(value)) throw new Error(ajv.errorsText(validate.errors))
  }
}

/** A structural schema prunes what it does not name; here that is refused. Metadata is left to the API server. */
function withoutUnknown(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutUnknown)
  if (!isFields(schema)) return schema
  const entries = Object.entries(schema).map(([name, value]) => [
    name,
    withoutUnknown(value),
  ])
  const closed = isFields(schema.properties) && schema.additionalProperties === undefined
  return {
    ...(Object.fromEntries(entries) as object),
    ...(closed ? { additionalProperties: false } : {}),
  }
}
