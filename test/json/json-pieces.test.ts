import fc from 'fast-check'
import t from 'tap'
import { ItemByItem, jsonPieces } from '../../src/json/json-pieces.ts'
import { joined } from '../support/joined.ts'

t.test('pieces are JSON.stringify with two spaces, whatever is inside', (t) => {
  const same = fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (value, items) => {
    const streamed = { before: value, deep: [{ items: new ItemByItem(items) }, value] }
    const whole = { before: value, deep: [{ items }, value] }
    return joined(jsonPieces(streamed)) === JSON.stringify(whole, null, 2)
  })

  t.doesNotThrow(() => fc.assert(same))
  t.end()
})

t.test('fields without a value are left out, as JSON.stringify does', (t) => {
  const items = new ItemByItem([])
  t.equal(joined(jsonPieces({ a: undefined, items })), '{\n  "items": []\n}')
  t.end()
})

t.test('an item is made when its turn comes', (t) => {
  let made = 0
  function* items(): Generator<number> {
    for (;;) yield (made += 1)
  }

  const pieces = jsonPieces(new ItemByItem(items()))
  for (let each = 0; each < 6; each += 1) pieces.next()

  t.ok(made > 1 && made < 6, `${made}`)
  t.end()
})
