import type { Backend, Ops, RowPart, Tensor, Weight, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'

const vocab = 90
const heads = { heads: 2, kvHeads: 1, headDim: 32 }

interface Sizes {
  readonly hidden: number
  readonly rows: number
  /** The row of the tree that row 0 is. */
  readonly first: number
}
type Weights = Readonly<Record<'table' | 'projection' | 'head' | 'qkv', Weight>>
type Step = (ops: Ops, t: (name: string) => Tensor, w: Weights, sizes: Sizes) => void

const norm = (t: (name: string) => Tensor, name: string) => ({ gain: t(name), eps: 1e-5 })

/** Embedding and state side by side. */
const parts = (t: (name: string) => Tensor, { table }: Weights, { rows, first }: Sizes): readonly RowPart[] => [
  { table, pass: pass(t, rows, first), norm: norm(t, 'gainE') },
  { x: t('state'), before: norm(t, 'gainBefore'), norm: norm(t, 'gainS') },
]

/** The same rows, made by an op of its own. */
const made: Step = (ops, t, w, s) => ops.concat({ parts: parts(t, w, s), out: t('joined'), rows: s.rows })

const projected =
  (joined: boolean, { normed = false } = {}): Step =>
  (ops, t, w, s) =>
    ops.linear({
      x: joined ? parts(t, w, s) : t('joined'),
      weight: w.projection,
      out: t('projected'),
      rows: s.rows,
      bias: t('bias'),
      pass: pass(t, s.rows, s.first),
      ...(normed && { norm: norm(t, 'gainJoined') }),
    })

const attended =
  (joined: boolean): Step =>
  (ops, t, w, s) =>
    ops.qkv({
      x: joined ? parts(t, w, s) : t('joined'),
      weights: [w.qkv],
      ...heads,
      rope: { table: t('rope') },
      pass: pass(t, s.rows, s.first),
      q: t('q'),
      cache: { tensor: t('cache'), layer: 0 },
    })

/** What the state is followed by becomes the tokens of the pass. */
const chosen: readonly Step[] = [
  (ops, t, w, { rows }) => ops.linear({ x: t('state'), weight: w.head, out: t('logits'), rows }),
  (ops, t, _, { rows, first: at }) =>
    ops.argmax({ logits: t('logits'), vocab, rows, out: t('tokens'), at, targetIds: t('map') }),
]

/** Steps that join rows as they read them, those that do it before, and the dispatches of the former. */
const cases: Readonly<Record<string, readonly [joined: readonly Step[], apart: readonly Step[], dispatches: number]>> =
  {
    'a product puts its rows together': [[projected(true)], [made, projected(false)], 1],
    'and normalises them': [[projected(true, { normed: true })], [made, projected(false, { normed: true })], 1],
    'so do queries, keys and values': [[attended(true)], [made, attended(false)], 1],
    'of tokens that were chosen in the step before': [
      [...chosen, projected(true)],
      [...chosen, made, projected(false)],
      2,
    ],
    'for queries too': [[...chosen, attended(true)], [...chosen, made, attended(false)], 2],
    'not where something stands between': [
      [...chosen, chosen[0] as Step, projected(true)],
      [...chosen, made, projected(false)],
      4,
    ],
  }

interface Suite {
  readonly slices: 'serial' | 'parallel'
  readonly format: WeightFormat
  readonly table: WeightFormat
  readonly sizes: readonly (Sizes & { readonly apart?: true })[]
  readonly cases: readonly string[]
}
const all = Object.keys(cases)
// The kernels of a GPU take long to compile where the tests run: few of them.
const suites: readonly Suite[] = [
  {
    slices: 'serial',
    format: 'f16',
    table: 'q4_1',
    sizes: [
      { hidden: 96, rows: 1, first: 3 },
      { hidden: 416, rows: 3, first: 0 },
      { hidden: 96, rows: 9, first: 1, apart: true },
    ],
    cases: all,
  },
  {
    slices: 'serial',
    format: 'q8_0',
    table: 'q8_0',
    sizes: [{ hidden: 64, rows: 2, first: 2 }],
    cases: all.slice(0, 4),
  },
  {
    slices: 'parallel',
    format: 'f16',
    table: 'f16',
    sizes: [{ hidden: 160, rows: 1, first: 5 }],
    cases: all.slice(3, 5),
  },
]

describe.each(suites)('$format with a table in $table, $slices', ({ slices, format, table, sizes, cases: names }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await openSlices(slices)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  async function outcome(size: Sizes, steps: readonly Step[]) {
    const { hidden, rows, first } = size
    const tensors = new Map<string, Tensor>()
    const floats = (name: string, shape: readonly number[], seed?: number) => {
      const tensor = backend.tensor(shape, 'f32', name)
      const [height, width] = shape.length === 2 ? (shape as [number, number]) : [1, shape[0] as number]
      if (seed) backend.write(tensor, randomRows(height, width, seed))
      tensors.set(name, tensor)
    }
    const words = (name: string, data: Uint32Array) => {
      const tensor = backend.tensor([data.length], 'u32', name)
      backend.write(tensor, data)
      tensors.set(name, tensor)
    }
    floats('state', [rows, hidden], 1)
    for (const [i, name] of ['gainE', 'gainBefore', 'gainS', 'bias'].entries()) floats(name, [hidden], 2 + i)
    floats('gainJoined', [2 * hidden], 7)
    floats('joined', [rows, 2 * hidden])
    floats('projected', [rows, hidden])
    floats('logits', [rows, vocab])
    floats('q', [rows, 64])
    floats('rope', [32, 32], 8)
    floats('cache', [1, 2, 1, 32, 32])
    words(
      'map',
      Uint32Array.from({ length: vocab }, (_, id) => (id * 7) % vocab),
    )
    const { tokens, index } = passTensors(first + rows, 4, (row) => (row * 29) % (vocab + 2))
    words('tokens', tokens.data as Uint32Array)
    words('index', index.data as Uint32Array)
    const weights = {
      table: await backend.weight(randomSource(table, vocab, hidden, 1), 'table'),
      projection: await backend.weight(randomSource(format, hidden, 2 * hidden, 2), 'projection'),
      head: await backend.weight(randomSource(format, vocab, hidden, 3), 'head'),
      qkv: await backend.weight(randomSource(format, 128, 2 * hidden, 4), 'qkv'),
    }
    const program = backend.program('steps', (ops) => {
      for (const step of steps) step(ops, (name) => tensors.get(name)!, weights, size)
    })
    const names = ['projected', 'q', 'cache', 'tokens']
    const read = await backend.submit(
      [program],
      names.map((name) => tensors.get(name)!),
    )
    const { dispatches } = program
    for (const each of [program, ...tensors.values(), ...Object.values(weights)]) each.dispose()
    return { bits: read.map((bytes) => new Uint32Array(bytes)), dispatches }
  }

  describe.each(sizes)('$rows rows of $hidden from $first on', ({ apart: beyond, ...size }) => {
    test.each(names)('%s', async (name) => {
      const [joined, apart, dispatches] = cases[name]!
      const found = await outcome(size, joined)
      const expected = await outcome(size, apart)
      expect(found.bits).toEqual(expected.bits)
      expect(found.bits.some((bits, i) => i < 3 && bits.some((word) => word !== 0))).toBe(true)
      if (!beyond) expect(found.dispatches).toBe(dispatches)
    })
  })
})
