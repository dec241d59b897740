import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, Lane } from './lane.ts'
import type { Subject } from './subject.ts'

/** Where Debian has it, by architecture. */
const LIBRARIES = ['x86_64', 'aarch64'].map(
  (architecture) => `/usr/lib/${architecture}-linux-gnu/faketime/libfaketime.so.1`,
)

/** Environment of a process whose wall clock is moved by the text of a file. The monotonic one stays, as it does on a real machine. */
export function movedClock(file: string): Record<string, string> {
  const library = LIBRARIES.find((path) => existsSync(path))
  if (library === undefined) throw new Error('libfaketime is not where Debian has it')
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
}

export const NO_MOVE = '+0'

/** The server looks at its clock once a second or less. */
const NOTICED_MS = 1_500

/** `fresh` ends what is connected, so that certificates are looked at. */
export function clockLane(
  file: string,
  subjects: readonly Subject[],
  fresh: () => void,
): Lane {
  async function move(by: string): Promise<void> {
    await writeFile(file, by)
    await sleep(NOTICED_MS)
    fresh()
  }
  const fault = (name: string, by: string, silent = false): Fault => ({
    name,
    silent,
    inject: () => move(by),
    heal: () => move(NO_MOVE),
  })
  const faults = [
    fault('clock jumps six hours ahead', '+6h', true),
    fault('clock jumps six hours back, before certificates', '-6h'),
    fault('clock jumps thirty days ahead, past certificates', '+30d'),
  ]
  return { name: 'clock', subjects, faults, fault: null }
}
