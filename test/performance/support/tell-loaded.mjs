import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import process from 'node:process'

// Given to a pullgate by --import: at its end, the file that TELL_LOADED names holds all that it loaded, one name a line.

const urls = []
registerHooks({
  load(url, context, next) {
    urls.push(url)
    return next(url, context)
  },
})
process.on('exit', () => {
  const names = [...urls, ...process.moduleLoadList]
  writeFileSync(process.env.TELL_LOADED, names.join('\n'))
})
