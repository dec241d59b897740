import { parse, parseAllDocuments } from 'yaml'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'

interface Position {
  file: string
  line: number
  column: number
}

/** Where a consumer of each format finds the place of an image, `a.yaml:7:3`: of all images that it shows, in its order. */
export const placesIn: Record<ReportFormat, (text: string) => string[]> = {
  table: (text) => found(text, /^ {2}(?:deny|warn|allow) .* \(([^()]+:\d+:\d+)\)/gm),
  json: (text) => inResults(JSON.parse(text)),
  yaml: (text) => inResults(parse(text)),
  sarif: inLocations,
  junit: (text) =>
    found(text, /(?:^|>)([^<>\n]+:\d+:\d+)<\/(?:failure|skipped|system-out)>/gm),
  github: (text) => found(text, /^::\w+ file=(.*?),line=(\d+),col=(\d+),/gm),
  markdown: (text) => found(text, /^\| .*?<br>`([^`]+)` \|/gm),
  html: (text) =>
    found(
      text,
      /<tr data-action=.*class="place">(.*)<wbr><span>(.*)<\/span><\/td><\/tr>/g,
    ).map((place) => place.replace('::', ':')),
  policyreport: inProperties,
  openreports: inProperties,
}

/** Formats that show nothing but what is wrong. */
export const onlyWrong: readonly ReportFormat[] = ['sarif', 'github', 'markdown']

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, ...parts]) => parts.join(':'))
}

function inResults(report: unknown): string[] {
  const { results } = report as { results: { images: { position: Position }[] }[] }
  return results.flatMap(({ images }) =>
    images.map(({ position: { file, line, column } }) => `${file}:${line}:${column}`),
  )
}

function inLocations(text: string): string[] {
  const { runs } = JSON.parse(text) as { runs: { results: SarifResult[] }[] }
  return runs.flatMap(({ results }) =>
    results.flatMap(({ locations }) =>
      locations.map(({ physicalLocation: { artifactLocation, region } }) =>
        [artifactLocation.uri, region.startLine, region.startColumn].join(':'),
      ),
    ),
  )
}

interface SarifResult {
  locations: {
    physicalLocation: {
      artifactLocation: { uri: string }
      region: { startLine: number; startColumn: number }
    }
  }[]
}

function inProperties(text: string): string[] {
  return parseAllDocuments(text).flatMap((document) => {
    const { results } = document.toJS() as {
      results: { properties?: { position: string } }[]
    }
    return results.flatMap(({ properties }) => properties?.position ?? [])
  })
}
