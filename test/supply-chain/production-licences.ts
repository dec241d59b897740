import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFields } from '../../src/json/fields.ts'

const root = join(import.meta.dirname, '../..')

/** Licences that ask for no more than a notice. Another one is a decision for a person. */
export const allowedLicences: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
])

export interface LockedPackage {
  /** Its folder, such as node_modules/undici. */
  path: string
  version: string
  integrity: string | null
  hasInstallScript: boolean
  isProduction: boolean
}

/** Every package of package-lock.json, by folder. */
export function lockedPackages(): LockedPackage[] {
  const { packages } = readJson('package-lock.json')
  if (!isFields(packages)) throw new TypeError('package-lock.json has no packages')
  return Object.entries(packages).flatMap(([path, entry]) =>
    path === '' || !isFields(entry)
      ? []
      : [
          {
            path,
            version: String(entry['version']),
            integrity: typeof entry['integrity'] === 'string' ? entry['integrity'] : null,
            hasInstallScript: entry['hasInstallScript'] === true,
            isProduction: entry['dev'] !== true && entry['devOptional'] !== true,
          },
        ],
  )
}

/** The SPDX expression of a package that is installed, as its own package.json has it. */
export function licenceOf(path: string): string {
  const { license } = readJson(join(path, 'package.json'))
  return typeof license === 'string' ? license : 'none'
}

export function readJson(path: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'))
  if (!isFields(value)) throw new TypeError(`${path} is no object`)
  return value
}
