import { expect, test } from 'vitest'
import { Formats } from './response-format'

const format = (schema: Record<string, unknown>) => ({
  type: 'json_schema' as const,
  json_schema: { name: 'answer', schema },
})

test('a schema is compiled once, until eight others were asked for after it', () => {
  const formats = new Formats()
  const first = formats.constraint(format({ const: 0 }))
  expect(formats.constraint(format({ const: 0 }))).toBe(first)
  for (let i = 1; i < 8; i++) formats.constraint(format({ const: i }))
  expect(formats.constraint(format({ const: 0 }))).toBe(first)
  for (let i = 8; i < 16; i++) formats.constraint(format({ const: i }))
  expect(formats.constraint(format({ const: 0 }))).not.toBe(first)
})

test('text is held to nothing, and a schema that cannot be held to is not kept', () => {
  const formats = new Formats()
  expect(formats.constraint({ type: 'text' })).toBeNull()
  expect(formats.constraint(undefined)).toBeNull()
  for (let i = 0; i < 2; i++)
    expect(() => formats.constraint(format({ allOf: [{ type: 'null' }, { type: 'string' }] }))).toThrow('no text')
})
