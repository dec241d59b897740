/** What the registries of the demo hold (src/demo/registry-content.ts), and what they do not. */
export const GOOD = 'registry.acme.test/team/web:1.27'
export const TYPO = 'registry.acme.test/team/web:1.277'
/** Its tag is not like any other. */
export const GONE = 'registry.acme.test/team/web:2025-01'
export const WINDOWS = 'registry.acme.test/team/desktop:1.0'
export const PRIVATE = 'private.acme.test/team/api:2.1'
export const LIMITED = 'limited.acme.test/team/popular:1.27'
export const SLOW = 'slow.acme.test/team/api:2.1'

export const RIGHT_LOGIN = {
  host: 'private.acme.test',
  username: 'deployer',
  password: 'correct-horse',
}
export const WRONG_LOGIN = { ...RIGHT_LOGIN, password: 'changed-since' }

/** What is said of TYPO, as `container "app": ` begins it. */
export const TYPO_EVIDENCE =
  'registry.acme.test/team/web has no tag "1.277". Nearest tags: 1.27.7, 1.27'
export const TYPO_DENIED = [
  `container "app": ${TYPO} cannot be pulled [ImageNotFound]`,
  `  ${TYPO_EVIDENCE}`,
  '  Correct the tag, or push the image first.',
]
export const TYPO_WARNING = `container "app": ${TYPO} [ImageNotFound]: ${TYPO_EVIDENCE}; Correct the tag, or push the image first.`
