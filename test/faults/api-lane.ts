import type { IncomingMessage } from 'node:http'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Front, Reply } from './front.ts'
import type { Fault, Lane } from './lane.ts'
import type { Link } from './link.ts'
import { linkFault, scriptFault } from './fault-kinds.ts'
import type { Subject } from './subject.ts'

export interface ApiDoor {
  link: Link
  front: Front
  certificates: { good: SelfSigned; foreign: SelfSigned }
}

const DROP_EVERY_MS = 400

/** What an API server does in an upgrade, an overload, or a lost network. */
export function apiLane(subjects: readonly Subject[], door: ApiDoor): Lane {
  const { link, front, certificates } = door
  const faults: Fault[] = [
    linkFault(link, 'down', 'API server killed'),
    linkFault(link, 'silent', 'API server hangs'),
    linkFault(link, 'cut', 'API server resets in the middle of answers'),
    droppedWatches(link),
    // Lists are answered, and what watches would tell is listed again and again.
    {
      ...scriptFault(front, 'API server answers every watch with 410 Gone', (request) =>
        isWatch(request) ? status(410, 'Expired') : null,
      ),
      silent: true,
    },
    scriptFault(front, 'API server answers 429', () => status(429, 'TooManyRequests')),
    scriptFault(front, 'API server answers 500', () => status(500, 'InternalError')),
    scriptFault(front, 'RBAC allows nothing', () => status(403, 'Forbidden')),
    {
      name: 'certificate of the API server is of another authority',
      inject: () => front.certify(certificates.foreign),
      heal: () => front.certify(certificates.good),
    },
  ]
  return { name: 'cluster', subjects, faults, fault: null, isYoung: true }
}

/** All connections, over and over; what is asked in between is answered. */
function droppedWatches(link: Link): Fault {
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'API watches are dropped, again and again',
    silent: true,
    inject() {
      timer = setInterval(() => link.drop(), DROP_EVERY_MS)
    },
    heal: () => clearInterval(timer),
  }
}

function isWatch({ url = '' }: IncomingMessage): boolean {
  return url.includes('watch=1')
}

/** As the API server writes its errors. */
function status(code: number, reason: string): Reply {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason }
  const headers = { 'content-type': 'application/json', 'retry-after': '1' }
  return { status: code, headers, body: JSON.stringify(body) }
}
