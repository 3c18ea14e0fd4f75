import type { Ops, Tensor } from '@outrider/core'
import { OUTCOME } from '@outrider/core/spec'

const lanes = 64

/** A row of a tensor of states, f32 [rows, width]. */
export interface StatePlace {
  readonly tensor: Tensor
  readonly row: number
}

/** What residual blocks over one input read and write. */
export interface ResidualArgs {
  /** f32 [1, width]: the blocks' input. */
  readonly x: Tensor
  readonly width: number
  /** f32: linear outputs of blocks, one after the other, from that of block `from` on. */
  readonly z: Tensor
  readonly from: number
  /** Where the output of each goes. */
  readonly out: readonly StatePlace[]
}

/** out = x + silu(z): the other half of Medusa's residual block, for several blocks. */
export function residual(ops: Ops, { x, width, z, from, out }: ResidualArgs): void {
  // Rows of one tensor are one binding.
  const tensors = [...new Set(out.map(({ tensor }) => tensor))]
  ops.kernel({
    label: 'medusa residual',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> z: array<f32>;
${tensors.map((_, i) => `@group(0) @binding(${2 + i}) var<storage, read_write> out${i}: array<f32>;`).join('\n')}
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= ${width}u) { return; }
  let a = z[(${from}u + id.y) * ${width}u + id.x];
  let value = x[id.x] + a / (1.0 + exp(min(-a, 80.0)));
  switch id.y {
${out.map(({ tensor, row }, i) => `    case ${i}u: { out${tensors.indexOf(tensor)}[${row * width}u + id.x] = value; }`).join('\n')}
    default: {}
  }
}`,
    tensors: [
      { tensor: x, access: 'read' },
      { tensor: z, access: 'read' },
      ...tensors.map((tensor) => ({ tensor, access: 'read_write' }) as const),
    ],
    workgroups: [Math.ceil(width / lanes), out.length],
    reference: ([input, linear, ...outputs]) => {
      out.forEach(({ tensor, row }, block) => {
        for (let i = 0; i < width; i++) {
          const a = (linear as Float32Array)[(from + block) * width + i] as number
          const to = outputs[tensors.indexOf(tensor)] as Float32Array
          to[row * width + i] = ((input as Float32Array)[i] as number) + a / (1 + Math.exp(-a))
        }
      })
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
fn main(@builtin(global_invocation_id) id: vec3u) {
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
