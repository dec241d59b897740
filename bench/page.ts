/** Says each line at once and keeps it for the page. */
export interface Page {
  say(line?: string): void
  table(head: readonly string[]): Table
  text(): string
}

/** Rows are said as they come: a section may take minutes. */
export interface Table {
  row(...cells: (string | number)[]): void
  end(): void
}

export function createPage(print: (line: string) => void): Page {
  const lines: string[] = []
  function say(line = ''): void {
    print(line)
    lines.push(line)
  }
  return {
    say,
    table(head) {
      say(`| ${head.join(' | ')} |`)
      say(`|${' --- |'.repeat(head.length)}`)
      return {
        row: (...cells) => say(`| ${cells.join(' | ')} |`),
        end: () => say(),
      }
    },
    text: () => `${lines.join('\n')}\n`,
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** `missed` where a goal is not met, so that it can be seen and searched for. */
export function met(isMet: boolean): string {
  return isMet ? 'met' : '**missed**'
}
