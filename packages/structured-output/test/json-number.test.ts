import { describe, expect, test } from 'vitest'
import { jsonSchema } from '../src'
import { drawn, numbers, takes } from './support/vocabularies'

interface Bounds {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

const within = (value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Bounds) =>
  value >= (minimum ?? -Infinity) &&
  value <= (maximum ?? Infinity) &&
  value > (exclusiveMinimum ?? -Infinity) &&
  value < (exclusiveMaximum ?? Infinity)

/** Whole numbers round about every bound, and others. */
const whole = [...Array.from({ length: 241 }, (_, i) => i - 120), 999, 1000, 1001, 99999, -999, -1000, 123456789]
const decimals = [
  ...Array.from({ length: 161 }, (_, i) => ((i - 80) / 20).toFixed(2)),
  ...[
    '0.0',
    '-0.0',
    '-0',
    '1.000000',
    '0.000001',
    '-0.000001',
    '0.1234',
    '0.123456',
    '0.12346',
    '2.999999',
    '3.000001',
  ],
  ...['12.5', '999999999.999999', '-999999999.999999', '0.25', '0.249999', '0.250001', '10.0', '9.99', '100.01'],
]

const bounds: readonly Bounds[] = [
  {},
  { minimum: 0 },
  { exclusiveMinimum: 0 },
  { maximum: 0 },
  { exclusiveMaximum: 0 },
  { minimum: -5, maximum: 12 },
  { minimum: 7, maximum: 7 },
  { minimum: 10, maximum: 109 },
  { minimum: 98, exclusiveMaximum: 101 },
  { exclusiveMinimum: -12, maximum: -3 },
  { minimum: -0.25, exclusiveMaximum: 1.5 },
  { exclusiveMinimum: 0.25, exclusiveMaximum: 3 },
  { minimum: 1, exclusiveMinimum: 1, maximum: 2.95 },
  { minimum: -2.05, maximum: -1.5 },
  { minimum: 0.1234567, maximum: 1e21 },
  { minimum: 1.5e-7, maximum: 1 },
  { minimum: -1e300, maximum: 0.05 },
]

/** No whole number is in these. */
const narrow: readonly Bounds[] = [
  { minimum: 0.25, maximum: 0.27 },
  { exclusiveMinimum: -1, exclusiveMaximum: -0.5 },
]

describe.each([...bounds, ...narrow])('%j', (bound) => {
  test('whole numbers', () => {
    if (narrow.includes(bound)) return expect(() => jsonSchema({ type: 'integer', ...bound })).toThrow('no text')
    const constraint = jsonSchema({ type: 'integer', ...bound })
    for (const value of whole) expect([value, takes(constraint, String(value))]).toEqual([value, within(value, bound)])
    for (const text of ['-0', '01', '1.0', '1e3', '', '-']) expect(takes(constraint, text)).toBe(false)
  })

  test('numbers', () => {
    const constraint = jsonSchema({ type: 'number', ...bound })
    const texts = [...whole.map(String), ...decimals]
    for (const text of texts) {
      const expected = within(Number(text), bound) && !/^-0(\.0*)?$/.test(text)
      expect([text, takes(constraint, text)]).toEqual([text, expected])
    }
    for (const text of ['00', '1.', '.5', '1.2345678', '1e3', '1234567890']) expect(takes(constraint, text)).toBe(false)
    const random = numbers(5)
    for (let i = 0; i < 60; i++) {
      const text = drawn(constraint, random)
      expect([text, within(JSON.parse(text), bound)]).toEqual([text, true])
    }
  })
})
