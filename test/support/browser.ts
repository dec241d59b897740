import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Test } from 'tap'

/** A page of headless Chromium, over the DevTools protocol on a pipe: no port, no network. */
export interface Page {
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>
  send(method: string, parameters?: object): Promise<Record<string, unknown>>
  /** What the page complained about: violations of its policy and uncaught errors. */
  complaints: string[]
}

interface Message {
  id?: number
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { message: string }
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
]

/** Opens a URL in a window of so many pixels; everything is ended and removed at teardown. */
export async function openPage(
  t: Test,
  { url, width, height }: { url: string; width: number; height: number },
): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'pullgate-browser-'))
  const args = [...FLAGS, `--user-data-dir=${profile}`, 'about:blank']
  const child = spawn('chromium', args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: profile },
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await closed
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const complaints: string[] = []
  const send = protocol(child, ({ method, params }) => {
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') {
      complaints.push(JSON.stringify(params))
    }
  })
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const attached = await send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(attached.sessionId)
  const inPage = (method: string, parameters: object = {}) =>
    send(method, parameters, session)
  await inPage('Log.enable')
  await inPage('Runtime.enable')
  const metrics = { width, height, deviceScaleFactor: 1, mobile: false }
  await inPage('Emulation.setDeviceMetricsOverride', metrics)
  await inPage('Page.navigate', { url })
  const evaluate = async (expression: string): Promise<unknown> => {
    const answer = await inPage('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    return (answer.result as { value?: unknown }).value
  }
  // Until the document of the new page is there, the old one answers.
  const isThere = `location.href !== 'about:blank' && document.readyState === 'complete'`
  while ((await evaluate(isThere)) !== true);
  return { evaluate, send: inPage, complaints }
}

/** Messages end with a NUL; descriptor 3 is read by the browser, 4 is written. */
function protocol(child: ChildProcess, onEvent: (message: Message) => void) {
  const [, , , input, output] = child.stdio as unknown as (Writable & Readable)[]
  const waiting = new Map<number, (message: Message) => void>()
  let rest = ''
  let lastId = 0
  output?.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop() ?? ''
    for (const text of messages) {
      const message = JSON.parse(text) as Message
      const { id } = message
      if (id === undefined) onEvent(message)
      else {
        waiting.get(id)?.(message)
        waiting.delete(id)
      }
    }
  })
  return async (method: string, params: object = {}, sessionId?: string) => {
    const id = (lastId += 1)
    const answered = new Promise<Message>((resolve) => waiting.set(id, resolve))
    const message = { id, method, params, ...(sessionId ? { sessionId } : {}) }
    input?.write(`${JSON.stringify(message)}\0`)
    const { result, error } = await answered
    if (error) throw new Error(`${method}: ${error.message}`)
    return result ?? {}
  }
}
