import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { isFields, type Fields } from '../../src/json/fields.ts'
import { packTwice } from './pack-twice.ts'
import {
  allowedLicences,
  licenceOf,
  lockedPackages,
  readJson,
} from './production-licences.ts'
import { makeSbom } from './sbom.ts'

const root = join(import.meta.dirname, '../..')
const packages = lockedPackages()

t.test('every package of production has a licence of the list', (t) => {
  const production = packages.filter(({ isProduction }) => isProduction)
  t.ok(production.length > 0)
  for (const { path } of production)
    t.ok(allowedLicences.has(licenceOf(path)), `${path}: ${licenceOf(path)}`)
  t.end()
})

t.test('every package is locked with a hash', (t) => {
  t.same(
    packages
      .filter(({ integrity }) => !integrity?.startsWith('sha512-'))
      .map(({ path }) => path),
    [],
  )
  t.end()
})

t.test(
  'no package but node runs an install script, and that one is for development',
  (t) => {
    const scripted = packages.filter(({ hasInstallScript }) => hasInstallScript)
    t.same(
      scripted.map(({ path, isProduction }) => ({ path, isProduction })),
      [{ path: 'node_modules/node', isProduction: false }],
    )
    t.same(readJson('package.json')['allowScripts'], { node: true })
    t.end()
  },
)

t.test('a package that is built twice is the same, byte for byte', (t) => {
  const [one, other] = packTwice()

  t.equal(one?.sha512, other?.sha512)
  t.same(one?.files, other?.files)
  for (const file of ['dist/main.js', 'dist/index.d.ts', 'bin/pullgate.js', 'LICENSE'])
    t.ok(one?.files.includes(file), file)
  const strays = one?.files.filter(
    (file) =>
      !/^(?:bin|dist|examples\/demo)\/|^(?:package\.json|README\.md|LICENSE)$/.test(file),
  )
  t.same(strays, [], 'and holds nothing else')
  t.end()
})

t.test('the bill of materials is valid CycloneDX and names what is locked', (t) => {
  const directory = join(import.meta.dirname, '../schemas/cyclonedx-1.5')
  // Formats are left unchecked: the schema has some, such as iri-reference, that need packages of their own.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  for (const name of readdirSync(directory).filter(
    (each) => each !== 'bom-1.5.schema.json',
  ))
    ajv.addSchema(schemaOf(directory, name))
  const validate = ajv.compile(schemaOf(directory, 'bom-1.5.schema.json'))
  const bill = makeSbom()

  t.ok(validate(bill), JSON.stringify(validate.errors?.slice(0, 3)))
  t.notOk(validate({ ...bill, components: [{ name: 'x' }] }), 'the schema is at work')
  t.match(bill, { metadata: { component: { name: 'pullgate', version: '0.1.0' } } })
  const components = (bill['components'] as Fields[]).map((component) => {
    const [hash] = (component['hashes'] ?? []) as Fields[]
    const { name, version, licenses } = component
    return {
      key: `${String(name)}@${String(version)}`,
      hash: hash?.['content'],
      licenses,
    }
  })
  const locked = new Map(
    packages
      .filter(({ isProduction }) => isProduction)
      .map(({ path, version, integrity }) => [
        `${path.replace(/^.*node_modules\//, '')}@${version}`,
        Buffer.from(integrity?.slice('sha512-'.length) ?? '', 'base64').toString('hex'),
      ]),
  )
  t.same(new Set(components.map(({ key }) => key)), new Set(locked.keys()))
  for (const { key, hash, licenses } of components) {
    t.equal(hash, locked.get(key), `${key} has the hash of the lockfile`)
    t.ok(Array.isArray(licenses) && licenses.length > 0, `${key} has a licence`)
  }
  t.same(makeSbom(), bill, 'and it is the same when it is made again')
  t.end()
})

t.test(
  'in a cluster it runs as no root, with a root that is read-only, and may do nothing more',
  (t) => {
    const documents = readdirSync(join(root, 'manifests'), {
      recursive: true,
      encoding: 'utf8',
    })
      .filter((name) => name.endsWith('.yaml'))
      .flatMap((name) =>
        parseAllDocuments(readFileSync(join(root, 'manifests', name), 'utf8')),
      )
      .map((document): unknown => document.toJS())
      .filter(isFields)
    const deployments = documents.filter(({ kind }) => kind === 'Deployment')
    t.equal(deployments.length, 1)
    t.match(deployments[0], {
      spec: {
        template: {
          spec: {
            securityContext: {
              runAsNonRoot: true,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
              },
            ],
          },
        },
      },
    })
    const text = JSON.stringify(documents)
    for (const loosened of [
      /hostPath/,
      /hostNetwork/,
      /privileged/i,
      /emptyDir/,
      /"add":/,
    ])
      t.notMatch(text, loosened, 'no component takes it back')
    t.equal(text.match(/securityContext/g)?.length, 2)
    t.end()
  },
)

function schemaOf(directory: string, name: string): Fields {
  const schema: unknown = JSON.parse(readFileSync(join(directory, name), 'utf8'))
  if (!isFields(schema)) throw new TypeError(`${name} is no schema`)
  return schema
}

t.test(
  'the Kubernetes client is loaded where a cluster is asked, and nowhere else',
  async (t) => {
    const loading = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => {
        const text = readFileSync(join(root, 'src', file), 'utf8')
        return /^import (?!type).*'@kubernetes\/client-node'|import\('@kubernetes/m.test(
          text,
        )
      })
    t.strictSame(loading, ['cluster/load-kubeconfig.ts'])
    const text = readFileSync(join(root, 'src', loading[0] ?? ''), 'utf8')
    t.notMatch(text, /^import (?!type).*client-node/m, 'and only when it is')
  },
)
