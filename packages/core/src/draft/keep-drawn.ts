import type { Ops, SamplingTensors, Tensor } from '../spec'
import { SAMPLING } from '../spec'

const lanes = 256
const minusInfinity = 0xff800000

/** What the children of some rows of a tree are drawn from. */
export interface KeptDraw {
  /** f32 [rows, vocab], nats: a drafter's logits, before `perturbLogits` draws by them. */
  readonly logits: Tensor
  readonly vocab: number
  readonly rows: number
  /** Row of the tree that row 0 is. */
  readonly first: number
  /** As for `perturbLogits`: the temperature is theirs. */
  readonly sampling: SamplingTensors
  /** u32 [vocab]: the target's id of each logit; null or absent where the ids are the target's. */
  readonly targetIds?: Tensor | null
  /** `SessionView.q`, f32 [rows of a tree, vocabulary of the target]. */
  readonly q: Tensor
}

/**
 * q[first + r, targetIds[v]] = logits[r, v] / temperature, -∞ where a drafter has no logit: what a draft of the device says of its rows
 * (`DeviceDraft.q`). For draws above temperature 0.
 *
 * @example
 * ```ts
 * import { keepDrawn } from '@outrider/core'
 * import type { Ops, Pass, SessionView, Tensor } from '@outrider/core/spec'
 *
 * export const draw = (ops: Ops, { noise, q }: SessionView, logits: Tensor, vocab: number, pass: Pass): void => {
 *   if (noise && q) keepDrawn(ops, { logits, vocab, rows: pass.rows, first: pass.first, sampling: noise.sampling, q })
 *   if (noise) ops.perturbLogits({ logits, vocab, pass, ...noise })
 * }
 * ```
 */
export function keepDrawn(ops: Ops, { logits, vocab, rows, first, sampling, targetIds, q }: KeptDraw): void {
  const width = q.shape[1] as number
  ops.kernel({
    label: 'keep what is drawn from',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> sampling: array<u32>;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> q: array<u32>; // f32: no constant may be -∞
${targetIds ? '@group(0) @binding(3) var<storage, read> target_ids: array<u32>;' : ''}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let source = group.x * ${vocab}u;
  let to = (${first}u + group.x) * ${width}u;
  let temperature = bitcast<f32>(sampling[${SAMPLING.temperature}]);
  ${
    targetIds
      ? `for (var v = lane; v < ${width}u; v += ${lanes}u) { q[to + v] = ${minusInfinity}u; }
  storageBarrier();
  for (var v = lane; v < ${vocab}u; v += ${lanes}u) {
    let id = target_ids[v];
    if (id < ${width}u) { q[to + id] = bitcast<u32>(logits[source + v] / temperature); }
  }`
      : `for (var v = lane; v < ${width}u; v += ${lanes}u) {
    q[to + v] = ${minusInfinity}u;
    if (v < ${vocab}u) { q[to + v] = bitcast<u32>(logits[source + v] / temperature); }
  }`
  }
}`,
    tensors: [
      { tensor: sampling.params, access: 'read' },
      { tensor: logits, access: 'read' },
      { tensor: q, access: 'read_write' },
      ...(targetIds ? [{ tensor: targetIds, access: 'read' } as const] : []),
    ],
    workgroups: [rows],
    reference: ([params, values, out, map]) => {
      const [temperature = 0] = new Float32Array((params as Uint32Array).slice(SAMPLING.temperature).buffer)
      for (let row = 0; row < rows; row++) {
        const law = (out as Float32Array).subarray((first + row) * width, (first + row + 1) * width)
        law.fill(Number.NEGATIVE_INFINITY)
        for (let v = 0; v < Math.min(vocab, map ? vocab : width); v++)
          law[map ? (map[v] as number) : v] = (values?.[row * vocab + v] as number) / temperature
      }
    },
  })
}
