import { diagnoseInvalidReference } from '../../reference/diagnose-invalid-reference.ts'
import type { ReferenceDiagnosis } from '../../reference/diagnose-invalid-reference.ts'
import type { InvalidImageName } from '../../reference/invalid-image-name.ts'
import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'

/**
 * Rows 1 to 8 of the failure catalogue: the kubelet refuses the name before it asks any registry, and tries again forever
 * (pull-semantics 1.1). Always certain.
 */
export function explainInvalidName(error: InvalidImageName, image: string): Finding {
  const diagnosis = diagnoseInvalidReference(image)
  const words = describe(diagnosis)
  const suggestion =
    diagnosis.suggestion === null ? null : printable(diagnosis.suggestion)
  return {
    cause: 'InvalidImageName',
    certainty: 'certain',
    message: `${words} The kubelet refuses the name: ${printable(error.message)}.`,
    advice: suggestion === null ? adviceFor(diagnosis) : `Did you mean "${suggestion}"?`,
    doubts: [],
  }
}

function describe(diagnosis: ReferenceDiagnosis): string {
  switch (diagnosis.problem) {
    case 'blank':
      return 'The image is empty.'
    case 'image-id':
      return 'This is the ID of an image, which cannot be pulled.'
    case 'placeholder':
      return `The image still contains the placeholder ${printable(diagnosis.placeholder, 80)}.`
    case 'whitespace':
      return diagnosis.where === 'around'
        ? 'There is white space around the image.'
        : 'There is white space inside the image.'
    case 'scheme':
      return `An image has no scheme such as ${printable(diagnosis.scheme, 40)}.`
    case 'tag':
      return `The tag "${printable(diagnosis.tag, 140)}" is not valid.`
    case 'digest':
      return `The digest "${printable(diagnosis.digest, 140)}" is not valid.`
    case 'uppercase':
      return 'A repository must be in lower case.'
    case 'too-long':
      return `The ${diagnosis.part} is longer than ${diagnosis.maxLength} characters.`
    case 'character':
      return `A name cannot have the character "${printable(diagnosis.character, 20)}".`
    case 'other':
      return 'This is not an image reference.'
    default:
      return diagnosis satisfies never
  }
}

function adviceFor({ problem }: ReferenceDiagnosis): string {
  switch (problem) {
    case 'placeholder':
      return 'Fill in the variable before applying: was the template rendered with all its values?'
    case 'tag':
      return 'A tag matches [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}.'
    case 'digest':
      return 'A digest is sha256: and 64 hexadecimal digits in lower case.'
    case 'image-id':
      return 'Name the repository and the tag or digest that the image was pushed as.'
    default:
      return 'Write it as registry/repository:tag.'
  }
}
