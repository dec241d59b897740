import type { UnusableManifest } from '../../registry/lookup.ts'
import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'

const NOT_DIRECT =
  'The answer came through a proxy, a redirect or an unverified connection, which nodes may not meet.'

/**
 * Answers that no runtime can use (pull-semantics 4.6, catalogue rows 57, 58, 60, 70, 71). A web page, or
 * another type than a manifest's, denies only when it came straight over verified TLS: what a captive portal or a proxy here
 * answers says nothing about the nodes.
 */
export function explainContent(
  result: UnusableManifest,
  runtime: { allContainerd21: boolean },
): Finding {
  const { registry, verified, redirected } = result.evidence
  const direct = verified && !redirected
  const mediaType = printable(result.mediaType, 120)
  switch (result.fault) {
    case 'web-page': {
      const finding = certain(
        'NotARegistry',
        `${registry} answered with a web page, not with an image.`,
        'Check the registry host: this is not the address of its registry service.',
      )
      return direct ? finding : doubtful(finding, NOT_DIRECT)
    }
    case 'schema1': {
      const finding = certain(
        'UnsupportedManifest',
        'The image is in the old Docker schema 1 format, which containerd 2.1 and later refuse.',
        'Build and push the image again with a current tool.',
      )
      if (!direct) return doubtful(finding, NOT_DIRECT)
      if (runtime.allContainerd21) return finding
      return doubtful(finding, 'Older runtimes still convert this format.')
    }
    case 'too-large':
      return certain(
        'UnsupportedManifest',
        `The manifest has ${result.sizeBytes ?? 'too many'} bytes, and runtimes refuse more than 4393216.`,
        'Push the image with fewer layers or annotations.',
      )
    case 'content-type': {
      const finding = certain(
        'UnsupportedManifest',
        `${registry} serves the manifest as ${mediaType === '' ? 'no media type at all' : `"${mediaType}"`}, which runtimes do not take for an image.`,
        'The registry, or a proxy before it, breaks the Content-Type of manifests.',
      )
      return direct ? finding : doubtful(finding, NOT_DIRECT)
    }
    case 'digest-mismatch':
      return doubtful(
        certain(
          'UnsupportedManifest',
          `${registry} announces another digest than that of the manifest it sends.`,
          'A proxy before the registry changes manifests.',
        ),
        'Nodes may reach the registry on another way.',
      )
    case 'bad-manifest':
      return doubtful(
        certain(
          'UnsupportedManifest',
          `The manifest is not what its media type "${mediaType}" says.`,
          'Push the image again.',
        ),
        'Runtimes differ in what they accept here.',
      )
    default:
      return result.fault satisfies never
  }
}

function certain(cause: Finding['cause'], message: string, advice: string): Finding {
  return { cause, certainty: 'certain', message, advice, doubts: [] }
}

function doubtful(finding: Finding, doubt: string): Finding {
  return { ...finding, certainty: 'uncertain', doubts: [doubt] }
}
