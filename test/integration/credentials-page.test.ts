import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { createKeyring } from '../../src/credentials/keyring.ts'

const page = readFileSync(new URL('../../docs/credentials.md', import.meta.url), 'utf8')

void test('the table of keys in docs/credentials.md is what the keyring does', (t) => {
  const rows = [...page.matchAll(/^\| `(\S+)` +\| `(\S+)` +\| (yes|no) +\|$/gm)]

  t.ok(rows.length >= 20)
  for (const [, key = '', image = '', used] of rows) {
    const auths = { [key]: { username: 'u', password: 'p' } }
    const { matched } = createKeyring([{ auths }]).lookup(image)
    t.equal(matched, used === 'yes', `${key} for ${image}`)
  }
  t.end()
})
