import type { Ops, Tensor } from '@outrider/core'

const lanes = 64

/** Rows to copy; both tensors f32 of one width. */
export interface PlacedRows {
  readonly x: Tensor
  readonly rows: number
  readonly out: Tensor
  readonly at: number
}

/** out[at + r, :] = x[r, :] for r < rows. */
export function placeRows(ops: Ops, { x, rows, out, at }: PlacedRows): void {
  const width = x.shape[1] as number
  const count = rows * width
  ops.kernel({
    label: 'place rows',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < ${count}u) { out[${at * width}u + id.x] = x[id.x]; }
}`,
    tensors: [
      { tensor: x, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(count / lanes)],
    reference: ([from, to]) => to?.set((from as Float32Array).subarray(0, count), at * width),
  })
}
