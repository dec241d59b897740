import t from 'tap'
import { secretsOfUrl, shownUrl, withoutUrlSecrets } from '../../src/text/url-secrets.ts'

const rows: [url: string, shown: string, secrets: string[]][] = [
  [
    'https://bob:s3cr3t@git.test/acme//prod?ref=main',
    'https://***@git.test/acme//prod?ref=main',
    ['bob:s3cr3t', 's3cr3t'],
  ],
  ['https://t0ken@git.test/acme', 'https://***@git.test/acme', ['t0ken']],
  ['https://bob:a%2Fb%40c@git.test/x', 'https://***@git.test/x', ['a%2Fb%40c', 'a/b@c']],
  // Nobody encoded it, so that it is no URL; it is a password all the same.
  ['https://bob:a/b?c#d@git.test/x', 'https://***@git.test/x', ['a/b?c#d']],
  ['git::https://bob:s3cr3t@git.test/x', 'git::https://***@git.test/x', ['s3cr3t']],
  ['/srv/https:/bob:s3cr3t@git.test/x', '/srv/https:/***@git.test/x', ['s3cr3t']],
  ['bob:s3cr3t@git.test/x', '***@git.test/x', ['s3cr3t']],
  [
    'https://git.test/x?ref=v1&sshkey=a%2Bb&Token=c;d=e#f=g',
    'https://git.test/x?ref=v1&sshkey=***&Token=***;d=***#f=***',
    ['a%2Bb', 'a+b', 'c', 'e', 'g'],
  ],
  ['ssh://git@git.test/x', 'ssh://git@git.test/x', []],
  ['git@git.test:acme/x', 'git@git.test:acme/x', []],
  ['https://git.test:8443/a@b', 'https://git.test:8443/a@b', []],
  ['https://[::1]:80/a@b', 'https://[::1]:80/a@b', []],
  ['overlays/prod@v1', 'overlays/prod@v1', []],
]

t.test('a URL is shown without what may be secret in it', (t) => {
  for (const [url, shown, secrets] of rows) {
    t.equal(shownUrl(url), shown)
    t.equal(shownUrl(shown), shown, 'and the same when it is shown again')
    for (const secret of secrets) t.ok(secretsOfUrl(url).includes(secret), secret)
  }
  t.end()
})

t.test('so are those in a sentence', (t) => {
  for (const [text, shown] of [
    [
      `run 'git fetch https://a:b@h/x main': Get "https://c@d/e?k=f": refused`,
      `run 'git fetch https://***@h/x main': Get "https://***@d/e?k=***": refused`,
    ],
    [
      'cannot render https://h/x?k=v: no such',
      'cannot render https://h/x?k=***: no such',
    ],
    ['mail a@b.test, x?y=z: see https://h/.', 'mail a@b.test, x?y=z: see https://h/.'],
  ] as const)
    t.equal(withoutUrlSecrets(text), shown)
  t.end()
})
