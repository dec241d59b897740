import { packTwice } from './pack-twice.ts'

const [one, other] = packTwice()
for (const packed of [one, other])
  console.log(`${packed?.sha512} ${packed?.files.length} files`)
const isSame = one?.sha512 === other?.sha512
console.log(isSame ? 'the packages are the same, byte for byte' : 'the packages differ')
process.exitCode = isSame ? 0 : 1
