/** Where log lines go; never throws and never waits. */
export interface LogSink {
  write(line: string): void
}

/** What is needed of a Writable. */
export interface LogOutput {
  readonly writableLength: number
  write(text: string, done: (error?: Error | null) => void): unknown
}

/** Of lines that wait for a reader who does not read. A pipe of the container runtime holds 64 KiB more. */
const MAX_WAITING_BYTES = 1_048_576

/**
 * A log is worth less than a review: what cannot be written, because the disk is full or nobody reads the pipe, is dropped and
 * counted instead of being held in memory. The first line that can be written again comes after one that tells how many are
 * missing. Lines of one turn of the event loop are written together: under load a write costs as much as a line. `now` is
 * milliseconds since the epoch.
 */
export function createLogSink(out: LogOutput, now: () => number): LogSink {
  let lost = 0
  let pending = { text: '', lines: 0 }

  function add(line: string, lines: number): void {
    if (pending.lines === 0) setImmediate(flush)
    pending.text += line
    pending.lines += lines
  }

  function flush(): void {
    const { text, lines } = pending
    pending = { text: '', lines: 0 }
    out.write(text, (error) => {
      if (error) lost += lines
    })
  }

  return {
    write(line) {
      if (out.writableLength + pending.text.length >= MAX_WAITING_BYTES) {
        lost += 1
        return
      }
      const told = lost
      lost = 0
      // Those that it tells of stay lost when it is lost itself.
      if (told > 0) add(lostLine(told, now()), told)
      add(line, 1)
    },
  }
}

/** In the form of pino's lines. */
function lostLine(lines: number, time: number): string {
  const entry = { level: 40, time, lines, msg: 'log lines could not be written' }
  return `${JSON.stringify(entry)}\n`
}
