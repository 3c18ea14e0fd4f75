import { expect, test } from 'vitest'
import { threefry, type Words4 } from './threefry'

const hex = (text: string): Words4 => text.split(' ').map((word) => Number.parseInt(word, 16)) as unknown as Words4

// The known answers that Random123 publishes for threefry4x32 of 20 rounds.
test.each([
  ['0 0 0 0', '0 0 0 0', '9c6ca96a e17eae66 fc10ecd4 5256a7d8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff ffffffff ffffffff', '2a881696 57012287 f6c7446e a16a6732'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0 082efa98 ec4e6c89', '59cd1dbb b8879579 86b5d00c ac8b6d84'],
])('of counter %s and key %s: %s', (counter, key, words) => {
  expect(threefry(hex(counter), hex(key))).toEqual(hex(words))
})
