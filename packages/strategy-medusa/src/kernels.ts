import type { Ops, Tensor } from '@outrider/core'
import { OUTCOME } from '@outrider/core/spec'

const lanes = 64

/** Where a residual block reads and writes, in elements. */
export interface ResidualArgs {
  /** f32, `width` values: the block's input, used again and again where `count` is larger. */
  readonly x: Tensor
  readonly width: number
  /** f32: the block's linear output, from `zAt` on. */
  readonly z: Tensor
  readonly zAt: number
  /** f32: `count` values from `outAt` on. */
  readonly out: Tensor
  readonly outAt: number
  readonly count: number
}

/** out = x + silu(z): the other half of Medusa's residual block. */
export function residual(ops: Ops, { x, width, z, zAt, out, outAt, count }: ResidualArgs): void {
  ops.kernel({
    label: 'medusa residual',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${count}u) { return; }
  let a = z[${zAt}u + id.x];
  out[${outAt}u + id.x] = x[id.x % ${width}u] + a / (1.0 + exp(min(-a, 80.0)));
}`,
    tensors: [
      { tensor: x, access: 'read' },
      { tensor: z, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(count / lanes)],
    reference: ([input, linear, output]) => {
      for (let i = 0; i < count; i++) {
        const a = (linear as Float32Array)[zAt + i] as number
        ;(output as Float32Array)[outAt + i] = ((input as Float32Array)[i % width] as number) + a / (1 + Math.exp(-a))
      }
    },
  })
}

/** out[0, :] = x[last accepted row, :], by the outcome of a round. x f32 [rows, width], outcome as OUTCOME. */
export function gatherAccepted(ops: Ops, { x, outcome, out }: { x: Tensor; outcome: Tensor; out: Tensor }): void {
  const width = out.shape[1] as number
  ops.kernel({
    label: 'gather accepted',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> outcome: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${width}u) { return; }
  let row = outcome[${OUTCOME.path}u + outcome[${OUTCOME.accepted}u]];
  out[id.x] = x[row * ${width}u + id.x];
}`,
    tensors: [
      { tensor: x, access: 'read' },
      { tensor: outcome, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(width / lanes)],
    reference: ([rows, words, row]) => {
      const at = (words as Uint32Array)[OUTCOME.path + ((words as Uint32Array)[OUTCOME.accepted] as number)] as number
      ;(row as Float32Array).set((rows as Float32Array).subarray(at * width, (at + 1) * width))
    },
  })
}
