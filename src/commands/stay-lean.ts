import { setFlagsFromString } from 'node:v8'

/**
 * For commands that may look at much: V8 lets several times of what lives gather as garbage where memory seems plentiful, and does
 * so before a library is loaded. The young generation stays at its first size, and the old one is collected when it has grown by a
 * quarter. It costs a fifth more CPU. V8 reads these flags whenever it decides, so they count from now on, and not for what has
 * grown already: https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export function stayLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=25')
}

/** Back to V8's own ways, where it turned out to be little. */
export function stayLeanNoLonger(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
  setFlagsFromString('--heap-growing-percent=0')
}

/**
 * For a server: the old generation is collected when it has grown by a fifth, which costs little where most of what lives is in
 * caches with bounds. The young one keeps the size that it was started with, since every review fills it; the image bounds that.
 */
export function stayLeanAsServer(): void {
  setFlagsFromString('--heap-growing-percent=25')
}
