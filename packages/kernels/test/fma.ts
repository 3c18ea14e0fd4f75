import type { Backend } from '@outrider/core/spec'
import { run } from './run'

const wgsl = `@group(0) @binding(0) var<storage, read_write> v: array<f32>;
@compute @workgroup_size(1) fn main() { v[3] = fma(v[0], v[1], v[2]); }`

/** Whether the device's `fma` rounds once: WGSL leaves it open. */
export async function fusesMultiplyAdd(backend: Backend): Promise<boolean> {
  const [v] = await run(backend, {
    tensors: { v: { shape: [4], data: Float32Array.of(1 + 2 ** -12, 1 + 2 ** -12, -1, 0) } },
    read: ['v'],
    record: (ops, tensor) =>
      ops.kernel({
        label: 'fma',
        wgsl,
        tensors: [{ tensor: tensor('v'), access: 'read_write' }],
        workgroups: [1],
        reference: () => {},
      }),
  })
  return v![3] === 2 ** -11 + 2 ** -24
}
