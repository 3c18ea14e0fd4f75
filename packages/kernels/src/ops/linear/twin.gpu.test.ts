import type { Backend, Ops, Tensor, Weight } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMatrices } from '../../../test/backends'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'

const width = 96 // three blocks: a panel and a half
let rows: number
let live: number

type Step = (ops: Ops, t: (name: string) => Tensor, w: { readonly square: Weight; readonly pairs: Weight }) => void

const linear =
  (
    x: string,
    out: string,
    { gain, accumulate = false, live }: { gain?: string; accumulate?: boolean; live?: true } = {},
  ): Step =>
  (ops, t, { square }) =>
    ops.linear({
      x: t(x),
      weight: square,
      out: t(out),
      rows,
      accumulate,
      ...(gain && { norm: { gain: t(gain), eps: 1e-5 } }),
      ...(live && { pass: pass(t, rows) }),
    })

const gated =
  (x: string, out: string, gain: string): Step =>
  (ops, t, { pairs }) =>
    ops.gatedLinear({ x: t(x), weight: pairs, out: t(out), rows, norm: { gain: t(gain), eps: 1e-5 } })

const add =
  (a: string, b: string, out: string): Step =>
  (ops, t) =>
    ops.add({ a: t(a), b: t(b), out: t(out), rows })

const attend =
  (q: string, cache: string, out: string): Step =>
  (ops, t) =>
    ops.treeAttention({
      q: t(q),
      cache: { tensor: t(cache), layer: 0 },
      heads: 3,
      kvHeads: 1,
      headDim: width / 3,
      pass: pass(t, rows),
      out: t(out),
    })

const double =
  (name: string): Step =>
  (ops, t) =>
    ops.kernel({
      label: 'double',
      wgsl: `@group(0) @binding(0) var<storage, read_write> v: array<f32>;
@compute @workgroup_size(${width}) fn main(@builtin(local_invocation_index) i: u32) { v[i] *= 2.0 + f32(i); }`,
      tensors: [{ tensor: t(name), access: 'read_write' }],
      workgroups: [1],
      reference: () => {},
    })

/** Steps, the dispatches of one program of them all, and whether they fill live rows only. */
const cases: Readonly<Record<string, readonly [steps: readonly Step[], dispatches: number, only?: 'live']>> = {
  'a product copies what the next ones read': [
    [
      linear('a', 'x', { accumulate: true }),
      gated('x', 'y', 'g'),
      linear('y', 'x', { accumulate: true }),
      linear('x', 'z', { gain: 'h' }),
    ],
    5,
  ],
  'so does attention': [[attend('a', 'short', 'x'), linear('x', 'y', { live: true })], 2, 'live'],
  'where workgroups share its keys too': [[attend('a', 'near', 'x'), linear('x', 'y', { live: true })], 2, 'live'],
  'and those of a long context': [[attend('a', 'long', 'x'), linear('x', 'y', { live: true })], 2, 'live'],
  'but not for a norm': [[attend('a', 'short', 'x'), linear('x', 'y', { live: true, gain: 'g' })], 3, 'live'],
  'what several read is copied once': [[linear('a', 'x'), linear('a', 'y'), linear('a', 'z')], 4],
  'a copy does not outlive a write by another op': [
    [linear('a', 'x'), linear('x', 'y'), add('x', 'b', 'x'), linear('x', 'z')],
    6,
  ],
  'nor one by a product': [
    [linear('x', 'y'), linear('a', 'x'), linear('b', 'x', { accumulate: true }), linear('x', 'z')],
    7,
  ],
  'a copy belongs to a gain': [
    [
      linear('a', 'x'),
      linear('x', 'y', { gain: 'g' }),
      linear('x', 'z', { gain: 'h' }),
      linear('x', 'u', { gain: 'g' }),
      linear('x', 'v'),
    ],
    9,
  ],
  'and to what the gain is': [
    [linear('a', 'x'), linear('x', 'y', { gain: 'g' }), double('g'), linear('x', 'z', { gain: 'g' })],
    6,
  ],
  'a gain that is written later is not there yet': [
    [linear('a', 'x'), double('g'), linear('x', 'z', { gain: 'g' })],
    5,
  ],
  'a copy of live rows serves none but them': [
    [linear('a', 'x'), linear('b', 'x', { live: true }), linear('x', 'y', { live: true }), linear('x', 'z')],
    7,
  ],
}

const names = ['x', 'y', 'z', 'u', 'v', 'g'] as const

const all = Object.entries(cases)
const ofGpu = ['a product copies what the next ones read', 'where workgroups share its keys too'].map(
  (name) => [name, cases[name]!] as const,
)

// The kernels of a GPU take long to compile where the tests run: one row, few cases.
describe.each([
  { copies: 'int8, serial slices', open: () => openSlices('serial', 'i8'), most: 5, cases: all },
  {
    copies: 'int8, parallel slices',
    open: () => openSlices('parallel', 'i8'),
    most: 1,
    cases: ofGpu,
  },
  { copies: 'halves', open: openMatrices, most: 5, cases: all },
  { copies: 'floats, serial slices', open: () => openSlices('serial'), most: 5, cases: all },
  { copies: 'floats, parallel slices', open: () => openSlices('parallel'), most: 1, cases: ofGpu.slice(0, 1) },
])('$copies', ({ copies, open, most, cases }) => {
  let backend: Backend
  let square: Weight
  let pairs: Weight
  beforeAll(async () => {
    rows = most
    live = Math.ceil(most / 2)
    backend = await open()
    square = await backend.weight(randomSource('q4_0', width, width, 1), 'square')
    pairs = await backend.weight(randomSource('q4_0', 2 * width, width, 2), 'pairs')
  })
  afterAll(() => backend.dispose())

  /** The bits of every tensor after the steps, and the dispatches of the programs that they are divided into. */
  async function outcome(programs: readonly (readonly Step[])[]): Promise<{ bits: Uint32Array[]; dispatches: number }> {
    const matrices = ['a', 'b', 'x', 'y', 'z', 'u', 'v'].map((name, i) => [name, rows, i] as const)
    const tensors = new Map<string, Tensor>()
    for (const [name, height, seed] of [...matrices, ['g', 1, 8], ['h', 1, 9]] as const) {
      const tensor = backend.tensor(name === 'g' || name === 'h' ? [width] : [height, width], 'f32', name)
      backend.write(tensor, randomRows(height, width, seed + 1))
      tensors.set(name, tensor)
    }
    for (const [name, slots] of [
      ['short', 16],
      ['near', 600],
      ['long', 4096],
    ] as const) {
      const tensor = backend.tensor([1, 2, 1, slots, width / 3], 'f32', name)
      backend.write(tensor, randomRows(32, width / 3, slots))
      tensors.set(name, tensor)
    }
    for (const [name, { shape, data }] of Object.entries(passTensors(live))) {
      const tensor = backend.tensor(shape, 'u32', name)
      backend.write(tensor, data as Uint32Array)
      tensors.set(name, tensor)
    }
    const recorded = programs.map((steps) =>
      backend.program('steps', (ops) => {
        for (const step of steps) step(ops, (name) => tensors.get(name)!, { square, pairs })
      }),
    )
    const read = await backend.submit(
      recorded,
      names.map((name) => tensors.get(name)!),
    )
    for (const program of recorded) program.dispose()
    for (const tensor of tensors.values()) tensor.dispose()
    return {
      bits: read.map((bytes) => new Uint32Array(bytes)),
      dispatches: recorded.reduce((sum, program) => sum + program.dispatches, 0),
    }
  }

  test.each(cases)('%s', async (_, [steps, dispatches, only]) => {
    const together = await outcome([steps])
    const apart = await outcome(steps.map((step) => [step]))
    // Floats are read as they are where no product left a copy.
    expect(together.dispatches).toBe(copies.startsWith('floats') ? apart.dispatches : dispatches)
    const size = only ? live * width : undefined
    for (const [i, bits] of together.bits.entries())
      expect(bits.slice(0, size), names[i]).toEqual(apart.bits[i]!.slice(0, size))
  })
})
