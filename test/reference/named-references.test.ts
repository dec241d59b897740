import t from 'tap'
import { createNamedReferences } from '../../src/reference/named-references.ts'

t.test('takes a name apart once', async (t) => {
  const named = createNamedReferences()
  const first = named('a_b.example.com/app')

  t.match(first.reference, { registry: 'a_b.example.com', repository: 'app' })
  t.equal(first.repository, 'a_b.example.com/app')
  t.strictSame(first.remarks, [{ remark: 'no-tag' }])
  t.equal(named('a_b.example.com/app'), first)
})

t.test('remembers no name that is not valid', async (t) => {
  const named = createNamedReferences()
  for (let times = 0; times < 2; times++) {
    t.throws(() => named('Nginx'), { code: 'InvalidImageName' })
  }
})
