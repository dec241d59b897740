import type { Configuration } from './configuration.ts'
import { formatProblems, type ConfigurationProblem } from './configuration-problem.ts'
import { printable } from '../text/printable.ts'
import { loadConfigurationText, readConfiguration } from './read-configuration.ts'
import type { ConfigurationText, ReadConfiguration } from './read-configuration.ts'

export interface WatchConfigurationOptions {
  file: string
  /** The text that is in force, so that a change since it was read is not missed; null takes the first reading for known. */
  text: string | null
  /** From the end of one reading to the next, in milliseconds. */
  intervalMs: number
  /** Takes the new configuration over; what it throws or rejects with is reported as a problem. */
  onChange: (configuration: Configuration) => void | Promise<void>
  /** A broken new file, once for each content; the old configuration stays. */
  onProblem: (problems: ConfigurationProblem[]) => void
  /** Ends the watch. */
  signal: AbortSignal
}

/** New content is believed once it has stood this long. */
const SETTLING_MS = 200

/**
 * Re-reads the file at an interval and tells of new content. The content itself is compared, not times: the kubelet swaps
 * symbolic links, inotify does not follow them, and the file is small. The timer does not keep the process alive.
 * A ConfigMap that is mounted with `subPath` never changes: https://kubernetes.io/docs/concepts/storage/volumes/#configmap
 */
export function watchConfiguration(options: WatchConfigurationOptions): void {
  const { file, intervalMs, onChange, onProblem, signal } = options
  /** What was last acted on, good or bad: the text, or the reason why there is none. */
  let seen = options.text
  /** Something else that was seen once. A file that is edited in place is empty for a moment, and empty means the defaults. */
  let candidate: string | null = null
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  schedule(seen === null ? 0 : intervalMs)

  function schedule(delayMs: number): void {
    if (signal.aborted) return
    timer = setTimeout(() => void look(), delayMs)
    timer.unref()
  }

  async function look(): Promise<void> {
    try {
      const read = await loadConfigurationText(file)
      if (!signal.aborted) await compare(read)
    } catch (error) {
      onProblem([couldNotApply(file, error)])
    }
    schedule(candidate === null ? intervalMs : SETTLING_MS)
  }

  async function compare(current: ConfigurationText): Promise<void> {
    const before = seen
    const now =
      current.status === 'read' ? current.text : formatProblems([current.problem])
    const settled = before === null || now === candidate
    candidate = now === before || settled ? null : now
    if (now === before || !settled) return
    seen = now
    // Only now: with some hundred registries it costs as much as many a review.
    const read = understand(current, file)
    if (read.status === 'invalid') onProblem(read.problems)
    else if (before !== null) await onChange(read.configuration)
  }
}

function understand(text: ConfigurationText, file: string): ReadConfiguration {
  return text.status === 'read'
    ? readConfiguration(text.text, file)
    : { status: 'invalid', problems: [text.problem] }
}

/** What the owner threw while it took the new configuration over. */
function couldNotApply(file: string, error: unknown): ConfigurationProblem {
  const reason = error instanceof Error ? error.message : String(error)
  const message = printable(`the new configuration could not be applied: ${reason}`)
  return { file, line: null, column: null, field: '', message }
}
