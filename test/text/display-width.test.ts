import t from 'tap'
import { displayWidth, padColumns } from '../../src/text/display-width.ts'

t.test('a text takes as many columns as a terminal gives it', (t) => {
  const rows: [text: string, width: number][] = [
    ['', 0],
    ['docker.io/library/nginx:1.27', 28],
    ['画像', 4],
    ['ウェブ', 6],
    ['이미지', 6],
    ['ｗｉｄｅ', 8],
    ['größer', 6],
    ['gro\u0308ßer', 6],
    ['é', 1],
    ['…', 1],
    ['❌ deny', 7],
    ['⚠️ warn', 7],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['Образ', 5],
    ['𠮷', 2],
  ]
  for (const [text, width] of rows) t.equal(displayWidth(text), width, text)
  t.end()
})

t.test('a text is filled up with blanks, and never cut', (t) => {
  t.equal(padColumns('画像', 6), '画像  ')
  t.equal(padColumns('画像', 3), '画像')
  t.end()
})
