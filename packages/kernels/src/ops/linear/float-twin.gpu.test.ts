import type { Backend, Ops, Tensor, Weight } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'

const [width, vocab] = [96, 130]

type Step = (
  ops: Ops,
  t: (name: string) => Tensor,
  w: Readonly<Record<'floats' | 'head', Weight>>,
  rows: number,
) => void

const down =
  ({ live = false } = {}): Step =>
  (ops, t, { floats }, rows) =>
    ops.linear({
      x: t('x'),
      weight: floats,
      out: t('y'),
      rows,
      accumulate: true,
      ...(live && { pass: pass(t, rows) }),
    })

const head =
  (gain?: string): Step =>
  (ops, t, w, rows) =>
    ops.linear({
      x: t('y'),
      weight: w.head,
      out: t('logits'),
      rows,
      ...(gain && { norm: { gain: t(gain), eps: 1e-5 } }),
    })

/** Steps, and the dispatches of one program of them all. */
const cases: Readonly<Record<string, readonly [steps: readonly Step[], dispatches: number]>> = {
  'quantises what it stores for a norm': [[down(), head('gain')], 2],
  'or as it is': [[down(), head()], 2],
  'for one of them': [[down(), head('gain'), head()], 4],
  'not live rows for all': [[down({ live: true }), head()], 3],
}
const all = Object.keys(cases)

// The kernels of a GPU take long to compile where the tests run: few of them.
describe.each([
  { slices: 'serial', rows: 1, names: all.slice(0, 2) },
  { slices: 'serial', rows: 5, names: all },
  { slices: 'parallel', rows: 1, names: all.slice(0, 1) },
] as const)('a product of floats in i8, $slices, $rows rows', ({ slices, rows, names }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await openSlices(slices, 'i8')
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  async function outcome(programs: readonly (readonly Step[])[]) {
    const weights = {
      floats: await backend.weight(randomSource('f16', width, width, 1), 'floats'),
      head: await backend.weight(randomSource('q4_0', vocab, width, 2), 'head'),
    }
    const tensors = new Map<string, Tensor>()
    for (const [name, height, columns] of [
      ['x', rows, width],
      ['y', rows, width],
      ['logits', rows, vocab],
    ] as const) {
      const tensor = backend.tensor([height, columns], 'f32', name)
      backend.write(tensor, randomRows(height, columns, columns))
      tensors.set(name, tensor)
    }
    const gain = backend.tensor([width], 'f32', 'gain')
    backend.write(gain, randomRows(1, width, 9))
    tensors.set('gain', gain)
    for (const [name, { shape, data }] of Object.entries(passTensors(Math.ceil(rows / 2)))) {
      const tensor = backend.tensor(shape, 'u32', name)
      backend.write(tensor, data as Uint32Array)
      tensors.set(name, tensor)
    }
    const recorded = programs.map((steps) =>
      backend.program('steps', (ops) => {
        for (const step of steps) step(ops, (name) => tensors.get(name)!, weights, rows)
      }),
    )
    const read = await backend.submit(recorded, [tensors.get('y')!, tensors.get('logits')!])
    const dispatches = recorded.reduce((sum, program) => sum + program.dispatches, 0)
    for (const each of [...recorded, ...tensors.values(), ...Object.values(weights)]) each.dispose()
    return { bits: read.map((bytes) => new Uint32Array(bytes)), dispatches }
  }

  test.each(names)('%s', async (name) => {
    const [steps, dispatches] = cases[name]!
    const together = await outcome([steps])
    expect(together.dispatches).toBe(dispatches)
    expect(together.bits).toEqual((await outcome(steps.map((step) => [step]))).bits)
  })
})
