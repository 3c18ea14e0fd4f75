import { describe, expect, test } from 'vitest'
import { device, floats, run, tensor, words } from '../../test/support/reference-run'
import type { Tensor } from '../spec'

describe('recording', () => {
  test("a plugin's own op sees its tensors and may not take f16", async () => {
    const [a, b] = [words(2, [3, 4]), floats([2])]
    const kernel = (tensor: Tensor) => ({
      label: 'double',
      wgsl: '',
      tensors: [
        { tensor: a, access: 'read' as const },
        { tensor, access: 'read_write' as const },
      ],
      workgroups: [1] as const,
      reference: ([x, y]: readonly (Float32Array | Uint32Array)[]) => y?.set([...(x ?? [])].map((v) => 2 * v)),
    })
    expect(await run((ops) => ops.kernel(kernel(b)), b)).toEqual([[6, 8]])
    await expect(run((ops) => ops.kernel(kernel(tensor([2], 'f16'))))).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })

  test('counts what is submitted', async () => {
    const x = floats([1, 2])
    const program = device.backend.program('two', (ops) => {
      ops.add({ a: x, b: x, out: x, rows: 1 })
      ops.add({ a: x, b: x, out: x, rows: 1 })
    })
    expect(program.dispatches).toBe(2)
    await device.backend.submit([program, program])
    await device.backend.submit([], [x])
    expect(device.backend.stats).toMatchObject({ submits: 1, reads: 1, dispatches: 4, liveBytes: 8, peakBytes: 8 })
  })
})
