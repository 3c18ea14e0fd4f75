import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { jsonSchema } from '../src'
import { drawn, numbers, takes } from './support/vocabularies'

type Schema = Readonly<Record<string, unknown>>
const ajv = new Ajv2020({ strict: false, validateFormats: false })

const person: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Person',
  type: 'object',
  properties: {
    'the "name"': { type: 'string', minLength: 1, maxLength: 6, description: 'as written' },
    age: { type: 'integer', minimum: -3, exclusiveMaximum: 130 },
    weight: { type: ['number', 'null'], minimum: 0.5, maximum: 250 },
    pets: { type: 'array', items: { $ref: '#/$defs/pet' }, minItems: 1, maxItems: 2 },
    good: { type: 'boolean' },
  },
  required: ['the "name"', 'pets'],
  additionalProperties: false,
  $defs: {
    pet: {
      oneOf: [
        {
          type: 'object',
          properties: { kind: { const: 'cat' }, lives: { enum: [9, 7] } },
          required: ['kind', 'lives'],
        },
        {
          type: 'object',
          properties: {
            kind: { const: 'dog' },
            tags: { type: 'array', items: { type: 'string', pattern: '^[a-c]+$' } },
          },
          required: ['kind'],
        },
      ],
    },
  },
}

const schemas: Readonly<Record<string, Schema | boolean>> = {
  'an object of everything': person,
  'a tree that refers to itself': {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { value: { type: 'integer' }, left: { $ref: '#/$defs/node' }, right: { $ref: '#/$defs/node' } },
        required: ['value'],
      },
    },
  },
  'references with signs in them': {
    anyOf: [{ $ref: '#/$defs/a~1b%20%C3%A9' }, { $ref: '#/$defs/~01/anyOf/1' }],
    $defs: { 'a/b é': { const: 1 }, '~1': { anyOf: [{ const: 2 }, { const: 3 }] } },
  },
  'any value': true,
  'any object': { type: 'object' },
  'a map': { type: 'object', additionalProperties: { type: 'integer', minimum: 0, maximum: 9 } },
  'an object with nothing in it': { type: 'object', additionalProperties: false },
  'a required property without a schema': { type: 'object', properties: { a: { const: 1 } }, required: ['b'] },
  'optional properties only': { properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } }, type: 'object' },
  'a tuple and more': {
    type: 'array',
    prefixItems: [{ type: 'string', maxLength: 2 }, { type: 'null' }],
    items: { type: 'boolean' },
    minItems: 1,
    maxItems: 4,
  },
  'a tuple that has to go on': { type: 'array', prefixItems: [{ const: 'x' }], minItems: 2, maxItems: 2 },
  'a tuple longer than it may be': {
    type: 'array',
    prefixItems: [{ const: 1 }, { const: 2 }, { const: 3 }],
    maxItems: 2,
  },
  'an empty array': { type: 'array', items: false },
  'several patterns': { type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'b$' }], minLength: 3, maxLength: 5 },
  'a pattern with a quote and a line': { type: 'string', pattern: '^["\\\\\\n/]{2,4}$' },
  'a pattern anywhere': { type: 'string', pattern: 'cat|^x|y$', maxLength: 8 },
  'listed values of a type': { type: ['string', 'integer'], enum: ['a', 1, true, { b: [1, null] }, 2.5] },
  'listed values, nested': { enum: [{ a: [1, { b: '"' }] }, [], 'é\n'] },
  'one or the other': {
    anyOf: [
      { type: 'integer', minimum: 3, maximum: 5 },
      { type: 'string', maxLength: 1 },
    ],
  },
  'words without a type': { minLength: 2, maxLength: 3 },
}

const found = (schema: Schema | boolean, spaced: boolean, count: number) => {
  const constraint = jsonSchema(schema, { spaced })
  const random = numbers(7)
  return Array.from({ length: count }, () => drawn(constraint, random, 0.3))
}

describe.each(Object.entries(schemas))('%s', (_, schema) => {
  test.each([false, true])('what is drawn parses and validates, spaced: %s', (spaced) => {
    const valid = ajv.compile(schema)
    for (const text of found(schema, spaced, 40)) {
      const value: unknown = JSON.parse(text)
      expect([text, valid(value), valid.errors]).toEqual([text, true, null])
    }
  })
})

describe('values that satisfy a schema, and others', () => {
  const cases: readonly (readonly [Schema | boolean, readonly unknown[], readonly unknown[]])[] = [
    [
      person,
      [
        { 'the "name"': 'Tim', age: 4, weight: 20.25, pets: [{ kind: 'dog', tags: ['ab'] }] },
        { 'the "name"': '😀', pets: [{ kind: 'cat', lives: 9 }] },
      ],
      [
        { 'the "name"': '', pets: [{ kind: 'dog' }] },
        { 'the "name"': 'a', age: 130, pets: [{ kind: 'dog' }] },
        { 'the "name"': 'a', pets: [] },
        { 'the "name"': 'a', pets: [{ kind: 'cow' }] },
        { pets: [{ kind: 'dog' }] },
      ],
    ],
    [{ type: 'string', maxLength: 2 }, ['', '\n"', '😀😀', '\u0001'], ['abc', 1]],
    [{ type: 'string', format: 'date' }, ['2024-12-31'], ['2024-13-01', '2023-02-30', '24-1-1']],
    [{ type: 'string', format: 'ipv4' }, ['0.0.0.0', '255.249.10.1'], ['256.0.0.1', '1.2.3']],
    [true, [null, 1.5, 'a', [], {}, [[1]], { a: { b: 1 } }], []],
    [{ const: { a: 1 } }, [{ a: 1 }], [{ a: 2 }, {}]],
    [
      { type: 'object', properties: { a: {}, b: { type: 'null' } } },
      [{}, { a: [1], b: null }, { b: null }],
      [{ b: 1 }, { c: 1 }],
    ],
  ]
  test.each(cases)('%j', (schema, good, bad) => {
    const constraint = jsonSchema(schema)
    for (const value of good) expect([value, takes(constraint, JSON.stringify(value))]).toEqual([value, true])
    for (const value of bad) expect([value, takes(constraint, JSON.stringify(value))]).toEqual([value, false])
  })
})

test('what stands between is as asked for', () => {
  const schema = { type: 'object', properties: { a: { const: [1, 2] }, b: { const: 3 } }, required: ['a', 'b'] }
  expect(drawn(jsonSchema(schema), Math.random)).toBe('{"a":[1,2],"b":3}')
  expect(drawn(jsonSchema(schema, { spaced: true }), Math.random)).toBe('{"a": [1, 2], "b": 3}')
})

test('depth says how far values nest', () => {
  const chain = { type: 'object', properties: { next: { $ref: '#' } } }
  for (const [depth, most] of [
    [0, '{"next":{}}'],
    [2, '{"next":{"next":{"next":{}}}}'],
  ] as const) {
    expect(takes(jsonSchema(chain, { depth }), most)).toBe(true)
    expect(takes(jsonSchema(chain, { depth }), `{"next":${most}}`)).toBe(false)
    const nested = jsonSchema(true, { depth })
    expect(takes(nested, `${'['.repeat(depth)}1${']'.repeat(depth)}`)).toBe(true)
    expect(takes(nested, `${'['.repeat(depth + 1)}1${']'.repeat(depth + 1)}`)).toBe(false)
  }
})

describe('what cannot be held to is refused', () => {
  const string = { type: 'string' }
  test.each<[unknown, string]>([
    [{ type: 'number', multipleOf: 0.5 }, '#: multipleOf'],
    [{ properties: { a: { not: string } } }, '#/properties/a: the keyword not'],
    [{ type: 'array', items: string, uniqueItems: true }, 'uniqueItems'],
    [{ type: 'array', items: [string] }, 'prefixItems'],
    [{ type: 'text' }, 'the type "text"'],
    [{ type: [] }, 'type'],
    [{ ...string, format: 'uri' }, 'format uri'],
    [{ ...string, pattern: 'a(?=b)' }, 'assertions'],
    [{ ...string, pattern: 5 }, 'pattern'],
    [{ ...string, minLength: -1 }, 'minLength'],
    [{ ...string, minLength: 3, maxLength: 2 }, 'no text'],
    [{ type: 'integer', minimum: 'a' }, 'minimum'],
    [{ type: 'integer', minimum: 5, maximum: 4 }, 'no text'],
    [{ type: 'array', items: string, minItems: 3, maxItems: 2 }, 'no text'],
    [{ type: 'object', required: ['a'], additionalProperties: false }, 'no text'],
    [{ type: 'object', required: 'a' }, 'required'],
    [{ type: 'object', properties: 3 }, 'properties'],
    [{ enum: [] }, 'enum'],
    [{ anyOf: 3 }, 'anyOf'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'oneOf'],
    [{ oneOf: [{ enum: [1, 2] }, { const: 2 }] }, 'oneOf'],
    [{ oneOf: [{ const: { a: 1, b: 2 } }, { const: { b: 2, a: 1 } }] }, 'oneOf'],
    [{ oneOf: [{ minLength: 1 }, { minItems: 1 }] }, 'oneOf'],
    [{ $ref: 'https://example.com/a' }, 'does not lead'],
    [{ $ref: '#/$defs/a' }, 'nothing at'],
    [{ $ref: '#/%' }, 'does not lead'],
    [{ $ref: '#/$defs/%ff', $defs: {} }, 'does not lead'],
    [{ items: { $id: 'https://example.com/b', type: 'null' } }, '$id'],
    [{ ...string, maxLength: 1_000_000_000 }, 'too large'],
    [{ ...string, minLength: 1_000_000_000 }, 'too large'],
    [{ type: 'array', items: string, minItems: 1_000_000 }, 'too large'],
    [{ $ref: '#' }, 'no text'],
    [false, 'no text'],
    [null, 'a schema is'],
    [{ properties: { a: 'string' } }, '#/properties/a: a schema is'],
  ])('%j', (schema, why) => {
    const compile = () => jsonSchema(schema as Schema)
    expect(compile).toThrow(why)
    expect(compile).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })

  test.each([-1, 1.5, 9])('depth %d', (depth) => {
    expect(() => jsonSchema(true, { depth })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
