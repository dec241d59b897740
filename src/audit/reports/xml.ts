const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// All that is no Char of XML 1.0, production 2, beside lone surrogates.
const NOT_A_CHAR = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

/** Text for element content and quoted attributes of XML 1.0 and HTML alike. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(NOT_A_CHAR, '\uFFFD')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** One element with escaped attributes around ready-made content. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = '',
): string {
  const start = opening(name, attributes)
  return content === '' ? `${start.slice(0, -1)}/>` : `${start}${content}</${name}>`
}

/** The start tag alone. */
export function opening(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): string {
  const written = Object.entries(attributes)
    .map(([attribute, value]) => ` ${attribute}="${escapeMarkup(String(value))}"`)
    .join('')
  return `<${name}${written}>`
}
