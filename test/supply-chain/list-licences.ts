import { allowedLicences, licenceOf, lockedPackages } from './production-licences.ts'

for (const { path, version, isProduction } of lockedPackages()) {
  if (!isProduction) continue
  const licence = licenceOf(path)
  const remark = allowedLicences.has(licence) ? '' : '  <- not in the list'
  console.log(
    `${licence.padEnd(16)}${path.replace(/^.*node_modules\//, '')}@${version}${remark}`,
  )
  if (remark !== '') process.exitCode = 1
}
