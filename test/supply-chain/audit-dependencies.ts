import { spawnSync } from 'node:child_process'
import { isFields, parseFields } from '../../src/json/fields.ts'

// `npm audit` where it can run: a registry that only mirrors packages answers no question about holes, which is said and no failure.
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
})
const report = parseFields(stdout)
const metadata = isFields(report?.['metadata']) ? report['metadata'] : {}
const found = isFields(metadata['vulnerabilities']) ? metadata['vulnerabilities'] : null
if (found === null) {
  const message = report?.['message']
  const told = typeof message === 'string' ? message : stderr
  const reason = told.split('\n', 1)[0] ?? ''
  console.log(
    `not audited: this package registry does not answer npm audit (${reason.replaceAll(/https?:\/\/\S+/g, 'its address')})`,
  )
} else {
  console.log(`known holes in production dependencies: ${JSON.stringify(found)}`)
  process.exitCode = found['total'] === 0 ? 0 : 1
}
