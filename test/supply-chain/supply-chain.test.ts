import t from 'tap'
import {
  allowedLicences,
  licenceOf,
  lockedPackages,
  readJson,
} from './production-licences.ts'

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
