import { writeFileSync } from 'node:fs'
import { failureCatalogueDocument } from './failure-catalogue-document.ts'

const file = new URL('../../docs/failure-catalogue.md', import.meta.url)
writeFileSync(file, failureCatalogueDocument())
