import { expect, test } from 'vitest'
import { Foresight } from './foresight'

const work = (...programs: readonly string[]) => ({ programs, read: ['outcome'] })

test('what followed twice is expected to follow again, until something else does', () => {
  const foresight = new Foresight<string, string>()
  const [a, b, c] = [work('a'), work('b', 'c'), work('c')]
  const seen = [a, b, a, b, a, b, a, c, a, b].map((each) => foresight.follow(work(...each.programs))?.programs)
  // After c came in b's place, a is not expected to be followed by anything until b came after it twice again.
  expect(seen.map((programs) => programs?.join() ?? '-')).toEqual('- - - - b,c a b,c - - a'.split(' '))
})

test('a submission that repeats itself is expected at once', () => {
  const foresight = new Foresight<string, string>()
  expect([1, 2, 3, 4].map(() => foresight.follow(work('verify'))?.programs)).toEqual([
    undefined,
    undefined,
    ['verify'],
    ['verify'],
  ])
})

test('another buffer to read is another submission, and only so many are remembered', () => {
  const foresight = new Foresight<string, string>()
  for (let i = 0; i < 3; i++) foresight.follow(work('a'))
  expect(foresight.follow({ programs: ['a'], read: ['logits'] })).toBeUndefined()
  for (let i = 0; i < 40; i++) foresight.follow(work(`p${i}`))
  expect(foresight.follow(work('a'))).toBeUndefined()
})
