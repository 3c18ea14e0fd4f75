import { type Backend, NO_TOKEN, type Ops, type Tensor, type Weight, type WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'

const width = 64

/** Ops on named tensors and the LM head. */
type Step = (ops: Ops, t: (name: string) => Tensor, head: Weight) => void

interface Sizes {
  readonly vocab: number
  readonly rows: number
}

const product =
  ({ rows }: Sizes, { live = false, accumulate = false } = {}): Step =>
  (ops, t, weight) =>
    ops.linear({
      x: t('x'),
      weight,
      out: t('logits'),
      rows,
      accumulate,
      norm: { gain: t('gain'), eps: 1e-5 },
      ...(live && { pass: pass(t, rows) }),
    })

const choose =
  ({ vocab, rows }: Sizes, out: string, map?: string): Step =>
  (ops, t) =>
    ops.argmax({ logits: t('logits'), vocab, rows, out: t(out), at: 2, ...(map && { targetIds: t(map) }) })

const double =
  (name: string): Step =>
  (ops, t) =>
    ops.kernel({
      label: 'double',
      wgsl: `@group(0) @binding(0) var<storage, read_write> v: array<${name === 'logits' ? 'f32' : 'u32'}>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) { v[i] = v[i] + v[i]; }`,
      tensors: [{ tensor: t(name), access: 'read_write' }],
      workgroups: [1],
      reference: () => {},
    })

/** Steps over rows of a vocabulary, and the dispatches of one program of them all. */
const cases: Readonly<Record<string, (sizes: Sizes) => readonly [steps: readonly Step[], dispatches: number]>> = {
  'a product keeps its peaks for a choice': (s) => [[product(s), choose(s, 'a')], 2],
  'as the target’s ids': (s) => [[product(s, { accumulate: true }), choose(s, 'a', 'map')], 2],
  'of live rows': (s) => [[product(s, { live: true }), choose(s, 'a')], 2],
  'for several choices': (s) => [[product(s), choose(s, 'a', 'map'), choose(s, 'b', 'map')], 3],
  'as one kind of id': (s) => [[product(s), choose(s, 'a', 'map'), choose(s, 'b')], 3 + chunked(s)],
  'not of what was written since': (s) => [[product(s), double('logits'), choose(s, 'a')], 3 + chunked(s)],
  'nor as ids that are not there yet': (s) => [[product(s), double('map'), choose(s, 'a', 'map')], 3 + chunked(s)],
}

/** Whether a choice from logits takes a second dispatch. */
const chunked = ({ vocab }: Sizes): number => (vocab > 4096 ? 1 : 0)

interface Suite {
  readonly slices: 'serial' | 'parallel'
  readonly arithmetic: 'f32' | 'i8'
  readonly format: WeightFormat
  readonly sizes: readonly Sizes[]
  readonly cases: readonly string[]
}
const all = Object.keys(cases)
const some = all.slice(0, 2)

// The kernels of a GPU take long to compile where the tests run: few of them.
const suites: readonly Suite[] = [
  {
    slices: 'serial',
    arithmetic: 'f32',
    format: 'f16',
    sizes: [
      { vocab: 5001, rows: 1 },
      { vocab: 70, rows: 9 },
    ],
    cases: all,
  },
  { slices: 'serial', arithmetic: 'f32', format: 'q4_1', sizes: [{ vocab: 130, rows: 3 }], cases: some },
  { slices: 'serial', arithmetic: 'i8', format: 'q8_0', sizes: [{ vocab: 5001, rows: 5 }], cases: all },
  { slices: 'parallel', arithmetic: 'f32', format: 'f16', sizes: [{ vocab: 300, rows: 1 }], cases: some },
  { slices: 'parallel', arithmetic: 'i8', format: 'q4_0', sizes: [{ vocab: 9000, rows: 1 }], cases: some },
]

describe.each(suites)('$format in $arithmetic, $slices', ({ slices, arithmetic, format, sizes, cases: names }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await openSlices(slices, arithmetic)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  /** The choices after the steps, and the dispatches of the programs that they are divided into. */
  async function outcome({ vocab, rows }: Sizes, programs: readonly (readonly Step[])[]) {
    const head = await backend.weight(randomSource(format, vocab, width, vocab), 'head')
    const made = new Map<string, Tensor>()
    const add = (name: string, shape: readonly number[], data?: Float32Array | Uint32Array) => {
      const tensor = backend.tensor(shape, data instanceof Float32Array || !data ? 'f32' : 'u32', name)
      if (data) backend.write(tensor, data)
      made.set(name, tensor)
    }
    const x = randomRows(rows, width, rows)
    if (rows > 1) x.fill(0, width, 2 * width) // all logits alike
    if (rows > 2) x.fill(Number.NaN, 2 * width, 3 * width)
    add('x', [rows, width], x)
    add('gain', [width], randomRows(1, width, 2))
    add('logits', [rows, vocab])
    add(
      'map',
      [vocab],
      Uint32Array.from({ length: vocab }, (_, id) => (7919 * id) % 100003),
    )
    for (const name of ['a', 'b']) add(name, [2 + rows], new Uint32Array(2 + rows))
    for (const [name, { shape, data }] of Object.entries(passTensors(Math.ceil(rows / 2))))
      add(name, shape, data as Uint32Array)
    const recorded = programs.map((steps) =>
      backend.program('steps', (ops) => {
        for (const step of steps) step(ops, (name) => made.get(name)!, head)
      }),
    )
    const read = await backend.submit(
      recorded,
      ['a', 'b', 'logits'].map((name) => made.get(name)!),
    )
    const dispatches = recorded.reduce((sum, program) => sum + program.dispatches, 0)
    for (const each of [...recorded, ...made.values(), head]) each.dispose()
    return { found: read.map((bytes) => new Uint32Array(bytes)), dispatches }
  }

  describe.each(sizes)('$rows rows of $vocab', (size) => {
    test.each(names)('%s', async (name) => {
      const [steps, dispatches] = cases[name]!(size)
      const together = await outcome(size, [steps])
      const apart = await outcome(
        size,
        steps.map((step) => [step]),
      )
      // In i8 activations are quantised first.
      expect(together.dispatches).toBe(dispatches + (arithmetic === 'i8' ? 1 : 0))
      const live = name === 'of live rows' ? Math.ceil(size.rows / 2) : size.rows
      for (const [i, words] of together.found.entries())
        expect(words.slice(0, i < 2 ? 2 + live : live * size.vocab)).toEqual(
          apart.found[i]!.slice(0, i < 2 ? 2 + live : live * size.vocab),
        )
      const [a] = together.found as [Uint32Array]
      if (live > 1 && name !== 'not of what was written since' && name !== 'nor as ids that are not there yet')
        expect(a[3]).toBe(0)
      if (live > 2) expect(a[4]).toBe(NO_TOKEN)
    })
  })
})
