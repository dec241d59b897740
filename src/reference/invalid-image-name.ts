// What `input` keeps of a hostile name: enough to recognise it, short enough for a log line.
const MAX_INPUT_LENGTH = 512

/**
 * The image name does not follow the grammar. The kubelet gives the container the waiting reason of the same name, asks no
 * registry and tries again forever. The message is the text of the grammar (distribution/reference v0.6.0), which may quote the input.
 */
export class InvalidImageName extends Error {
  override readonly name = 'InvalidImageName'
  readonly code = 'InvalidImageName'
  /** The name as written, cut to 512 UTF-16 units. It is not made printable. */
  readonly input: string
  /** The text of the grammar, the same as the message. */
  readonly reason: string

  constructor(input: string, reason: string) {
    super(reason)
    this.input = input.slice(0, MAX_INPUT_LENGTH)
    this.reason = reason
  }
}
