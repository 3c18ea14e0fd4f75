import { describe, expect, test } from 'vitest'
import { regex } from '../src'
import { drawn, numbers, takes } from './support/vocabularies'

const subtracted = '[[a-z]--[b]]+'
const alphabet = ['a', 'B', '0', '_', ' ', '\n', 'é', '😀', '-', ']']
const words = ['', ...alphabet, ...alphabet.flatMap((a) => alphabet.map((b) => a + b))]
const longer = ['aa0', 'a0a', 'aBa', 'ababab', 'aaaa', 'a-a', '2024-02-29', '0.5', '00', 'x\u2028', 'ÀÉ', 'kK\u212a']

test.each([
  /a+?B?/,
  /[^a]/,
  /.{0,2}/,
  /.{1,2}/s,
  /\w+/,
  /\W\D?/,
  /\s|\S\d/,
  /[\]\-a]{2}/,
  /(?:a|B)*|0?_/,
  /(?<first>a)(?:é|😀)?/,
  /[à-ÿ😀]+/u,
  /\p{L}{2}/u,
  /\u{1F600}|\xe9/u,
  /ab?a/i,
  /k{3}/i,
  /a{0}|a{2,}/,
  /^a0?a$/,
  /^(?:a|B)$|^0+$/,
  /\d{4}-(?:0[1-9]|1[0-2])-\d\d/,
  /0\.5|00/,
  /(a|B)0\1/,
  new RegExp(subtracted, 'v'), // the compiler's target has no literals with this flag
  /a0/gy,
])('%s takes what it takes in JavaScript, as a whole', (pattern) => {
  const constraint = regex(pattern)
  const flags = pattern.flags.replace(/[gy]/g, '')
  const whole = new RegExp(`^(?:${pattern.source})$`, /[uv]/.test(flags) ? flags : `${flags}u`)
  for (const text of [...words, ...longer]) expect([text, takes(constraint, text)]).toEqual([text, whole.test(text)])
  const random = numbers(3)
  for (let i = 0; i < 30; i++) expect(drawn(constraint, random)).toMatch(whole)
})

test('a pattern may be a string', () => {
  expect(takes(regex('a\\d'), 'a7')).toBe(true)
  expect(takes(regex('a\\d'), 'a7 ')).toBe(false)
})

describe('what cannot be held to is refused', () => {
  test.each([
    ['(', 'Unterminated'],
    [/\ba/, 'assertions'],
    [/(?=a)./, 'assertions'],
    [/a(?!b)/, 'assertions'],
    [/a^b/, 'assertions'],
    [/(a*)b\1/, 'ackreference'],
    [/^a$/m, 'flag m'],
    ['a{3}{2}', 'repeat'],
    ['[^\\s\\S]', 'no text'],
    ['(?:[a-z]{1,900}[0-9]{1,900}){1,900}', 'too large'],
  ])('%s', (pattern, why) => {
    expect(() => regex(pattern)).toThrow(why)
    expect(() => regex(pattern)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
