import type { CatalogueRow } from './catalogue-row.ts'

/** What only the node can tell. */
export const nodes: readonly CatalogueRow[] = [
  {
    row: 50,
    title: "The registry is localhost, which is each node's own",
    predictable: 'no',
    causes: ['LoopbackRegistry'],
    action: 'warn',
    note: 'The localhost of a node cannot be reached.',
  },
  {
    row: 72,
    title: 'Disk full, or unpacking fails',
    predictable: 'no',
    causes: [],
    action: 'allow',
    note: 'It happens on the node.',
  },
  {
    row: 73,
    title: 'An image verifier or a signature policy of the node refuses',
    predictable: 'no',
    causes: [],
    action: 'allow',
    note: 'Policies of the nodes cannot be read.',
  },
  {
    row: 74,
    title: 'imagePullPolicy Never, and the image is not on the node',
    predictable: 'partly',
    causes: ['ImageNotPreloaded'],
    action: 'warn',
    note: 'Nodes list at most 50 images, and images may be loaded at any moment.',
  },
  {
    row: 77,
    title: 'The image of a volume is bad',
    predictable: 'yes',
    causes: ['ImageNotFound'],
    action: 'deny',
    note: 'Judged like that of a container, with the same causes.',
  },
]
