import type { Writable } from 'node:stream'
import { printable } from '../text/printable.ts'

/** One line on a terminal that is written over and over. */
export interface Progress {
  /** What is being done before anything can be counted. */
  say(text: string): void
  /** Starts to count. */
  begin(total: number): void
  done(count: number): void
  /** Takes the line away. */
  end(): void
}

export interface ProgressOptions {
  stream: Writable
  /** Milliseconds of a clock that never goes back. */
  now: () => number
}

const SILENT: Progress = { say() {}, begin() {}, done() {}, end() {} }

/** Often enough for the eye. */
const INTERVAL_MS = 100

/** Moves to the start of the line and clears it. */
const CLEAR_LINE = '\r\u001B[2K'

/** Count, rate and time left on a terminal; nothing at all where the stream is none. */
export function createProgress({ stream, now }: ProgressOptions): Progress {
  if (!('isTTY' in stream) || stream.isTTY !== true) return SILENT
  let total = 0
  let startedAtMs = now()
  let writtenAtMs = Number.NEGATIVE_INFINITY
  const write = (text: string): void => {
    writtenAtMs = now()
    stream.write(`${CLEAR_LINE}${withinRow(text, stream)}`)
  }
  return {
    say: write,
    begin(count) {
      total = count
      startedAtMs = now()
      write(progressLine({ done: 0, total, elapsedMs: 0 }))
    },
    done(done) {
      if (now() - writtenAtMs < INTERVAL_MS) return
      write(progressLine({ done, total, elapsedMs: now() - startedAtMs }))
    },
    end: () => void stream.write(CLEAR_LINE),
  }
}

/** Only the last row of a line that wraps would be cleared. One column is left, where the cursor stands. */
function withinRow(text: string, stream: Writable): string {
  const columns = 'columns' in stream ? Number(stream.columns) : 0
  // Some terminals have no width to tell.
  return columns > 0 ? printable(text, columns - 1) : text
}

/** `judging 120 of 2000 objects, 80/s, 24 s left` */
export function progressLine(state: {
  done: number
  total: number
  elapsedMs: number
}): string {
  const { done, total, elapsedMs } = state
  const counted = `judging ${done} of ${total} objects`
  if (done === 0 || elapsedMs < 1000) return counted
  const perSecond = (done * 1000) / elapsedMs
  const rate = perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond))
  return `${counted}, ${rate}/s, ${duration((total - done) / perSecond)} left`
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
