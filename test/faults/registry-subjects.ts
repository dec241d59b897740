import { TAGS } from './registries.ts'
import { newTags, tagsInTurn } from './subject.ts'
import type { Subject } from './subject.ts'

/** What everyone may pull from a registry of startRegistries, and what it does not have. */
export function openSubjects(host: string): Subject[] {
  const pulls = { truth: 'pulls', secret: null } as const
  return [
    { ...pulls, name: `${host} known`, image: tagsInTurn(`${host}/team/app`, 3) },
    { ...pulls, name: `${host} new`, image: tagsInTurn(`${host}/team/app`, TAGS) },
    { ...pulls, name: `${host} index`, image: tagsInTurn(`${host}/team/multi`, TAGS) },
    {
      name: `${host} missing`,
      truth: 'ImageNotFound',
      image: newTags(`${host}/team/app`),
      secret: null,
    },
  ]
}

/** Of the registry with tokens; the Secrets `right` and `wrong` are the namespace's. */
export function tokenSubjects(host: string): Subject[] {
  const app = tagsInTurn(`${host}/team/app`, TAGS)
  const open = tagsInTurn(`${host}/team/open`, TAGS)
  return [
    { name: `${host} right secret`, truth: 'pulls', image: app, secret: 'right' },
    { name: `${host} public`, truth: 'pulls', image: open, secret: null },
    {
      name: `${host} wrong secret`,
      truth: 'CredentialsRejected',
      image: app,
      secret: 'wrong',
    },
    {
      name: `${host} missing`,
      truth: 'ImageNotFound',
      image: newTags(`${host}/team/app`),
      secret: 'right',
    },
  ]
}
