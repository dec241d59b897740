import { spawnSync } from 'node:child_process'
import { findProgram, whyMissing } from '../support/missing-parts.ts'

/** What this machine cannot do for the suite, one line each. */
export function whyNotHere(): string[] {
  const missing = [whyMissing('docker-registry'), whyMissing('faketime')]
  return [...missing, whyNoMounts()].filter((line) => line !== null)
}

/** A DNS server and a full disk of one process alone need mounts that nobody else sees, and port 53. */
function whyNoMounts(): string | null {
  if (findProgram('unshare') === null) return 'needs unshare: apt-get install util-linux'
  const { status } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'])
  return status === 0 && process.getuid?.() === 0
    ? null
    : 'needs root with the right to mount (CAP_SYS_ADMIN) for a resolv.conf and a disk of its own'
}

/** Runs a command with mounts of its own, made by a shell script before it starts; the process id stays the same. */
export function withMounts(script: string): string[] {
  return ['unshare', '-m', 'sh', '-c', `${script} && exec "$@"`, 'sh']
}
