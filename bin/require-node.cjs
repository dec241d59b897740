// Plain old JavaScript on purpose: it must run, and speak clearly, on a Node that is too old for the rest.
'use strict'
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    'pullgate needs Node 24 or newer and this is ' +
      process.version +
      '.\n"npm ci" installs one into node_modules; if it was run with --ignore-scripts, run: npm rebuild node\n',
  )
  process.exit(2)
}
