#!/usr/bin/env node
// A published package carries JavaScript in dist/ (Node does not strip types under node_modules);
// a checkout has only src/, which Node runs directly.
import { existsSync } from 'node:fs'
import './require-node.cjs'

const built = new URL('../dist/main.js', import.meta.url)
const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : built.href)
