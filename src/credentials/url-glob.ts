import { matchesGlob } from '../text/glob.ts'
import { parseGoUrl, splitHostPort, toByteString } from './go-url.ts'

/** A key or an image name, taken apart once: labels of the host, port, path. One UTF-16 unit stands for one byte. */
export interface UrlGlob {
  labels: string[]
  port: string
  path: string
}

/** Parses `host[:port][/path]` as the kubelet parses index keys and images (`https://` is prepended); null if Go could not. */
export function parseUrlGlob(schemeless: string): UrlGlob | null {
  const url = parseGoUrl(`https://${toByteString(schemeless)}`)
  return url === null ? null : toUrlGlob(url)
}

/** The same for something that is a byte string already. */
export function parseUrlGlobBytes(schemeless: string): UrlGlob | null {
  const url = parseGoUrl(`https://${schemeless}`)
  return url === null ? null : toUrlGlob(url)
}

/**
 * Whether credentials for `glob` are used for `target`: the same port as text, as many labels, every label matching by itself,
 * and the path as a plain prefix. Case counts. (pull-semantics 3.4)
 */
export function urlGlobMatches(glob: UrlGlob, target: UrlGlob): boolean {
  return (
    glob.port === target.port &&
    glob.labels.length === target.labels.length &&
    target.path.startsWith(glob.path) &&
    glob.labels.every((label, index) => labelMatches(label, target.labels[index] ?? ''))
  )
}

/**
 * Go's filepath.Match for one label of a host. Only `*` can be special, as in matchesGlob: a host that url.Parse accepts has no
 * `?`, no `\`, and brackets only around an IPv6 address without port, where Go reads a class of one character that no image
 * host consists of.
 */
export function labelMatches(glob: string, label: string): boolean {
  return !glob.startsWith('[') && matchesGlob(glob, label)
}

function toUrlGlob(url: { host: string; path: string }): UrlGlob {
  const { host, port } = splitHostPort(url.host)
  return { labels: host.split('.'), port, path: url.path }
}
