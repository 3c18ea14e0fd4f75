import { beforeEach, expect, test } from 'vitest'
import { Foresight, type Work } from './foresight'

const work = (...programs: readonly string[]) => ({ programs, read: ['outcome'] })
const dropped: string[] = []
let encodings = 0
let foresight: Foresight<string, string, string>

beforeEach(() => {
  dropped.length = encodings = 0
  foresight = new Foresight((encoded) => dropped.push(encoded))
})

/** What was encoded beforehand for a submission, after which the host has time. */
function submit(asked: Work<string, string>): string {
  const encoded = foresight.take(asked)
  foresight.refill(({ programs }) => `${programs} ${++encodings}`)
  return encoded ?? '-'
}

test('what came twice is encoded for the next time, whatever comes in between', () => {
  const [a, b, c] = [work('a'), work('b', 'c'), work('c')]
  const seen = [a, b, a, b, a, a, c, b, c, c].map((each) => submit(work(...each.programs)))
  expect(seen).toEqual(['-', '-', '-', '-', 'a 1', 'a 3', '-', 'b,c 2', '-', 'c 6'])
  expect(dropped).toEqual([])
})

test('another buffer to read is another submission', () => {
  for (let i = 0; i < 3; i++) submit(work('a'))
  expect(submit({ programs: ['a'], read: ['logits'] })).toBe('-')
  expect(submit(work('a'))).toBe('a 2')
})

test('only the latest are remembered: what was encoded for others is given up', () => {
  for (let i = 0; i < 3; i++) submit(work('a'))
  for (let i = 0; i < 15; i++) submit(work(`p${i}`))
  expect(submit(work('a'))).toBe('a 2')
  for (let i = 0; i < 16; i++) submit(work(`q${i}`))
  expect(dropped).toEqual(['a 3'])
  expect(submit(work('a'))).toBe('-')
})

test('in the end everything is given up', () => {
  for (const name of ['a', 'a', 'b', 'b', 'c']) submit(work(name))
  foresight.dispose()
  expect(dropped).toEqual(['b 2', 'a 1'])
})
