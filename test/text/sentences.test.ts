import t from 'tap'
import { paragraphOf } from '../../src/text/sentences.ts'

const rows: [string[], string][] = [
  [[], ''],
  [['One'], 'One'],
  [
    ['Nearest tags: 1.27.7, 1.27', 'Correct it.'],
    'Nearest tags: 1.27.7, 1.27. Correct it.',
  ],
  [
    ['It is (so)', '', 'Why?', 'Do this:', 'kubectl'],
    'It is (so). Why? Do this: kubectl',
  ],
]
for (const [texts, paragraph] of rows) t.equal(paragraphOf(texts), paragraph)
