const TAG =
  /<\?[^]*?\?>|<(?<close>\/)?(?<name>[A-Za-z][\w-]*)(?<attributes>(?:\s+[\w:-]+="[^"<]*")*)\s*(?<empty>\/)?>|(?<text>[^<]+)/y

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

/** A small reader of well-formed XML: throws at the first thing that is none, and answers every text and attribute. */
export function readXml(xml: string): { root: Record<string, string>; texts: string[] } {
  const open: string[] = []
  const texts: string[] = []
  let root: Record<string, string> | null = null
  TAG.lastIndex = 0
  while (TAG.lastIndex < xml.length) {
    const at = TAG.lastIndex
    const groups = TAG.exec(xml)?.groups
    if (TAG.lastIndex === 0) throw new Error(`not well formed: ${xml.slice(at, at + 80)}`)
    const { close, name, attributes = '', empty, text } = groups ?? {}
    if (text !== undefined) texts.push(decode(text))
    if (name === undefined) continue
    if (close) {
      const expected = open.pop()
      if (expected !== name) throw new Error(`</${name}> closes <${expected}>`)
      continue
    }
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
      ([, key = '', value = '']): [string, string] => [key, decode(value)],
    )
    root ??= Object.fromEntries(pairs)
    texts.push(...pairs.map(([, value]) => value))
    if (!empty) open.push(name)
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is never closed`)
  return { root: root ?? {}, texts }
}

function decode(text: string): string {
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text)) {
    throw new Error('a character that XML does not have')
  }
  return text.replaceAll(/&[^;]*;?/g, (entity) => {
    const character = ENTITIES[entity]
    if (character === undefined) throw new Error(`not an entity: ${entity}`)
    return character
  })
}
