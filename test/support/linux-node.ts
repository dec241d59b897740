/** `status.nodeInfo` of a node with containerd. */
export const linuxNodeInfo = (architecture = 'amd64') => ({
  operatingSystem: 'linux',
  architecture,
  containerRuntimeVersion: 'containerd://2.1.4',
  kubeletVersion: 'v1.34.1',
})

/** A Node object that runs nothing yet and lists these images. */
export function linuxNode(name: string, architecture = 'amd64', images: string[] = []) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      nodeInfo: linuxNodeInfo(architecture),
      images: images.map((each) => ({ names: [each] })),
    },
  }
}
