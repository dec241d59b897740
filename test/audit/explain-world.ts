import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parse, stringify } from 'yaml'
import type { Explanation } from '../../src/audit/explain/explanation.ts'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { linuxNode } from '../support/linux-node.ts'
import { runInProcess } from '../support/run-in-process.ts'

/** A folder that stands for a cluster, with the demo's registries and those that are given, as the configuration has them. */
export async function createWorld(
  test: Test,
  objects: readonly object[],
  registries: readonly object[] = [],
) {
  const registry = await startDemoRegistry()
  test.teardown(() => registry.close())
  const directory = test.testdir({})
  await mkdir(join(directory, 'cluster'))
  const demo = parse(demoConfiguration(registry)) as { registries: object[] }
  const configuration = { ...demo, registries: [...demo.registries, ...registries] }
  await writeFile(join(directory, 'pullgate.yaml'), stringify(configuration))
  const documents = [linuxNode('n1'), ...objects].map((object) => stringify(object))
  await writeFile(join(directory, 'cluster/all.yaml'), documents.join('---\n'))
  const standalone = ['--standalone', 'cluster', '--config', 'pullgate.yaml']
  return {
    directory,
    explain: (...args: string[]) =>
      runInProcess(['explain', ...standalone, '-n', 'shop', ...args], { cwd: directory }),
    /** On a terminal of 100 columns. */
    show: (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runInProcess(['explain', ...standalone, '-n', 'shop', ...args], {
        cwd: directory,
        env,
        terminal: 100,
      }),
    json: async (...args: string[]): Promise<Explanation & { code: number }> => {
      const { stdout, stderr, code } = await runInProcess(
        ['explain', ...standalone, '-n', 'shop', '-o', 'json', ...args],
        { cwd: directory },
      )
      test.notMatch(stderr, /pullgate/)
      return { ...(JSON.parse(stdout) as Explanation), code: code ?? -1 }
    },
  }
}

export interface PodShape {
  image: string
  waiting?: { reason: string; message?: string }
  owner?: { kind: string; name: string }
  secret?: string
  /** Where it is. Default: n1. */
  nodeName?: string
}

export function pod(
  name: string,
  { image, waiting, owner, secret, nodeName = 'n1' }: PodShape,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }] }),
    },
    spec: {
      nodeName,
      containers: [{ name: 'web', image }],
      ...(secret === undefined ? {} : { imagePullSecrets: [{ name: secret }] }),
    },
    status: {
      phase: waiting === undefined ? 'Running' : 'Pending',
      containerStatuses: [
        waiting === undefined
          ? { name: 'web', imageID: 'x@sha256:1', state: { running: {} } }
          : { name: 'web', imageID: '', state: { waiting } },
      ],
    },
  }
}

export function failedEvent(podName: string, image: string, text: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${podName}.1`, namespace: 'shop' },
    involvedObject: { kind: 'Pod', name: podName, namespace: 'shop' },
    reason: 'Failed',
    message: `Failed to pull image "${image}": ${text}`,
    firstTimestamp: '2026-11-20T10:00:05Z',
    lastTimestamp: '2026-11-20T10:20:05Z',
    count: 9,
  }
}

export const backOff = (image: string) => ({
  reason: 'ImagePullBackOff',
  message: `Back-off pulling image "${image}"`,
})
