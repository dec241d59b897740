import { makeSbom } from './sbom.ts'

process.stdout.write(`${JSON.stringify(makeSbom(), null, 2)}\n`)
