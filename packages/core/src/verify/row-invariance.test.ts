import { expect, test } from 'vitest'
import { writeTinyModel } from '../../test/support/tiny-model'
import { openCheckpoint } from '../load'
import { loadDecoder } from '../model'
import { Owned } from '../owned'
import { referenceBackend } from '../reference'
import type { Backend, Ops } from '../spec'
import { InvarianceProbe } from './row-invariance'

/** A pass in which one row comes out differently: those of `rows` rows, row `row`. */
interface Flaw {
  readonly rows: number
  readonly row: number
}

/** A backend whose first layer has a flaw. */
function flawed(real: Backend, { rows, row }: Flaw): Backend {
  const spoiled = (ops: Ops): Ops => ({
    ...ops,
    gatedLinear: (args) => {
      ops.gatedLinear(args)
      if (args.rows !== rows) return
      const width = args.out.shape[1] as number
      ops.kernel({
        label: 'flaw',
        wgsl: '',
        tensors: [{ tensor: args.out, access: 'read_write' }],
        workgroups: [1],
        reference: ([out]) => {
          const values = out as Float32Array
          values[row * width] = (values[row * width] as number) * 1.001 + 0.001
        },
      })
    },
  })
  return new Proxy(real, {
    get: (target, name) => {
      if (name === 'program')
        return (label: string, record: (ops: Ops) => void) => target.program(label, (ops) => record(spoiled(ops)))
      const value = target[name as keyof Backend]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const folder = await writeTinyModel()

async function found(maxRows: number, flaw: Flaw | null): Promise<boolean> {
  const real = referenceBackend()
  const backend = flaw ? flawed(real, flaw) : real
  const checkpoint = await openCheckpoint(folder)
  const model = await loadDecoder(backend, checkpoint, { slots: 256 + maxRows, maxRows })
  await checkpoint.close()
  const owned = new Owned()
  const same = await new InvarianceProbe(backend, model, maxRows, owned).run()
  owned.dispose()
  model.dispose()
  expect(real.stats.liveBytes).toBe(0)
  return same
}

test.each([1, 2, 3, 5, 64, 100, 256])(
  'the reference backend is row-invariant in passes of up to %i rows',
  async (maxRows) => {
    expect(await found(maxRows, null)).toBe(true)
  },
)

test.each<[number, Flaw]>([
  [8, { rows: 2, row: 1 }],
  [64, { rows: 64, row: 16 }],
  [100, { rows: 100, row: 65 }],
  [256, { rows: 128, row: 70 }],
  [256, { rows: 256, row: 205 }],
])('in passes of up to %i rows one that depends on the others is found: %o', async (maxRows, flaw) => {
  expect(await found(maxRows, flaw)).toBe(false)
})
