import type { Ops, Tensor } from '../spec'
import { INDEX, NO_TOKEN } from '../spec'
import { drawColumns } from './mass'
import { massWgsl, ROW_MASSES } from './row-masses.wgsl'

/** Rows whose masses are to be known. */
export interface MassRows {
  /** f32 [rows, vocab], nats. */
  readonly logits: Tensor
  /** f32 [rows, vocab]: what the children of each row were drawn from, nats. */
  readonly drawn: Tensor
  /** u32 [rows]: 1 where `drawn` says that. */
  readonly said: Tensor
  /** u32 [INDEX.words]: which rows are no padding. */
  readonly index: Tensor
  readonly vocab: number
  readonly rows: number
  /** u32 [rows, ROW_MASSES.words]. */
  readonly out: Tensor
}

/** Sums up each row of a pass, a workgroup a row: what its softmax divides by, and the same of what its children were drawn from. */
export function rowMasses(ops: Ops, args: MassRows): void {
  const { logits, drawn, said, index, vocab, rows, out } = args
  ops.kernel({
    label: 'row masses',
    wgsl: rowMassesWgsl(vocab),
    tensors: [
      { tensor: index, access: 'read' },
      { tensor: logits, access: 'read' },
      { tensor: drawn, access: 'read' },
      { tensor: said, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [rows],
    reference: (views) => {
      const [words, p, q, flags, result] = views as [Uint32Array, Float32Array, Float32Array, Uint32Array, Uint32Array]
      for (let row = 0; row < Math.min(rows, words[INDEX.rows] as number); row++) {
        const [start, end] = [row * vocab, (row + 1) * vocab]
        const { peak, sum, top } = sumUp(p.subarray(start, end))
        const from = flags[row] === 1 ? sumUp(q.subarray(start, end)) : nothing
        const found = new Uint32Array(Float32Array.of(peak, sum, 0, from.peak, from.sum).buffer)
        found[ROW_MASSES.top] = top
        result.set(found, row * ROW_MASSES.words)
      }
    },
  })
}

const nothing = { peak: 0, sum: 0, top: NO_TOKEN }

function sumUp(row: Float32Array): typeof nothing {
  let top = -1
  for (let id = 0; id < row.length; id++)
    if ((row[id] as number) > (top < 0 ? Number.NEGATIVE_INFINITY : (row[top] as number))) top = id
  if (top < 0) return nothing
  const peak = row[top] as number
  if (peak === Number.POSITIVE_INFINITY) return { peak, sum: 1, top }
  let sum = 0
  for (const logit of row) sum += Math.exp(logit - peak) || 0
  return { peak, sum, top }
}

function rowMassesWgsl(vocab: number): string {
  const size = drawColumns(vocab)
  return /* wgsl */ `
const vocab = ${vocab}u;
const size = ${size}u;
@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> drawn: array<f32>;
@group(0) @binding(3) var<storage, read> said: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;
var<workgroup> peaks: array<f32, size>;
var<workgroup> ids: array<u32, size>;
var<workgroup> sums: array<f32, size>;
${massWgsl}
// Lane 0 is left with the largest of the lanes' peaks, and with the sum of their sums.
fn best(lane: u32) {
  for (var step = size / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) {
      let other = peaks[lane + step];
      if (other > peaks[lane] || (other == peaks[lane] && ids[lane + step] < ids[lane])) {
        peaks[lane] = other;
        ids[lane] = ids[lane + step];
      }
    }
  }
  workgroupBarrier();
}
fn total(lane: u32) {
  for (var step = size / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { sums[lane] += sums[lane + step]; }
  }
  workgroupBarrier();
}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  if (row >= index[${INDEX.rows}]) { return; }
  let to = row * ${ROW_MASSES.words}u;
${summary('logits', ROW_MASSES.peak, ROW_MASSES.sum)}
  if (lane == 0u) { out[to + ${ROW_MASSES.top}u] = ids[0]; }
  if (said[row] != 1u) {
    if (lane == 0u) { out[to + ${ROW_MASSES.drawnSum}u] = 0u; }
    return;
  }
  workgroupBarrier();
${summary('drawn', ROW_MASSES.drawnPeak, ROW_MASSES.drawnSum)}
}`
}

function summary(source: string, peakAt: number, sumAt: number): string {
  return `
  {
    let start = row * vocab;
    var mine = never;
    var id = ${NO_TOKEN}u;
    for (var v = lane; v < vocab; v += size) {
      let logit = logitOf(${source}[start + v]);
      if (logit > mine) { mine = logit; id = v; }
    }
    peaks[lane] = mine;
    ids[lane] = id;
    best(lane);
    let peak = peaks[0];
    var sum = 0.0;
    for (var v = lane; v < vocab; v += size) { sum += massOf(${source}[start + v], peak); }
    sums[lane] = sum;
    total(lane);
    if (lane == 0u) {
      out[to + ${peakAt}u] = bitcast<u32>(peak);
      out[to + ${sumAt}u] = bitcast<u32>(sums[0]);
    }
  }`
}
