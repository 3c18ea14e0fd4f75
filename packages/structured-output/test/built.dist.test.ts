import { runInNewContext } from 'node:vm'
import type { Constraint, ConstraintMatcher } from '@outrider/core'
import { jsonSchema, regex } from '@outrider/structured-output'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const letters = ['"', 'a', 'b', '0', '1']
const vocabulary = { vocab: 6, eos: [5], bytes: (id: number) => new TextEncoder().encode(letters[id] ?? '') }
const first = (constraint: Constraint) => (constraint.start(vocabulary) as ConstraintMatcher).mask([])?.toString()

test('the built package gives masks', () => {
  expect(import.meta.resolve('@outrider/structured-output')).toMatch(/\/packages\/structured-output\/dist\//)
  expect(first(regex('ba|1'))).toBe(`${(1 << 2) | (1 << 4)}`)
  expect(first(jsonSchema({ type: ['string', 'integer'] }))).toBe(`${(1 << 0) | (1 << 3) | (1 << 4)}`)
})

test('bundled for the browser it runs where nothing of Node is', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "export * from '@outrider/structured-output'", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'structured',
    platform: 'browser',
    logLevel: 'silent',
    tsconfigRaw: {}, // the repository's own maps the packages to their sources
  })
  const code = `${outputFiles[0]?.text}; structured.regex('ba|1').start(vocabulary).mask([]).toString()`
  expect(runInNewContext(code, { TextEncoder, vocabulary })).toBe(first(regex('ba|1')))
})
