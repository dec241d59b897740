import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isFields, type Fields } from '../../src/json/fields.ts'
import { lockedPackages, readJson } from './production-licences.ts'

const { name: NAME, version: VERSION } = readJson('package.json')
const ROOT: Fields = { 'bom-ref': `${String(NAME)}@${String(VERSION)}` }
const root = join(import.meta.dirname, '../..')

/**
 * What `npm sbom` makes of the production dependencies that are installed, without what differs from one run to the next: the time is left out,
 * the serial number comes from the content, and the component has its own name in the place of the folder's.
 */
export function makeSbom(): Fields {
  const args = ['sbom', '--sbom-format=cyclonedx']
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`npm sbom: ${stderr}`)
  const made: unknown = JSON.parse(stdout)
  if (!isFields(made) || !isFields(made['metadata']))
    throw new TypeError('npm sbom made no bill')
  const { timestamp: _, component, ...metadata } = made['metadata']
  const named = isFields(component) ? { ...component, name: NAME } : component
  const bill = { ...ofProduction(made), metadata: { ...metadata, component: named } }
  return { ...bill, serialNumber: serialNumberOf({ ...bill, serialNumber: '' }) }
}

/** By the lockfile: `--omit=dev` of npm 11 leaves out what is a dependency of development as well, such as lru-cache. */
function ofProduction(made: Fields): Fields {
  const production = new Set(
    lockedPackages()
      .filter(({ isProduction }) => isProduction)
      .map(({ path, version }) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
  )
  const components = fieldsIn(made['components']).filter(({ name, version }) =>
    production.has(`${String(name)}@${String(version)}`),
  )
  const kept = new Set([ROOT, ...components].map((component) => component['bom-ref']))
  const dependencies = fieldsIn(made['dependencies'])
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: (Array.isArray(dependsOn) ? dependsOn : []).filter((each) =>
        kept.has(each),
      ),
    }))
  return { ...made, components, dependencies }
}

function fieldsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

/** A UUID of the custom version 8 (RFC 9562), from a hash. */
function serialNumberOf(bill: object): string {
  const hash = createHash('sha256').update(JSON.stringify(bill)).digest('hex')
  const parts = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ]
  return `urn:uuid:${parts.join('-')}`
}
