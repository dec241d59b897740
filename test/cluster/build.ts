#!/usr/bin/env node
// Builds what the tests of this folder run, ahead of time: `node test/cluster/build.ts`.
import process from 'node:process'
import { findBinaries } from './binaries.ts'

const found = await findBinaries({
  env: process.env,
  log: (line) => process.stderr.write(`cluster: ${line}\n`),
})
if ('missing' in found) {
  process.stderr.write(`cluster: ${found.missing}\n`)
  process.exitCode = 2
} else process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
