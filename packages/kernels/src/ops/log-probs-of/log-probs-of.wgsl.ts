import { orderWgsl } from '../order.wgsl'
import { logSumOfRecords } from '../top-k/top-k.wgsl'

/** One lane a row, behind the records that `topK` of one token leaves for each chunk. logits f32 [rows, vocab], ids u32, out f32 as bits. */
export const logProbsOfWgsl: string = /* wgsl */ `
struct Params { vocab: u32, rows: u32, chunks: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> records: array<u32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;
${orderWgsl}
${logSumOfRecords(1)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let r = global.x;
  if (r >= p.rows) { return; }
  let id = ids[p.at + r];
  var word = lowest;
  if (id < p.vocab) { word = order(logits[r * p.vocab + id]); }
  out[p.at + r] = select(bitcast<u32>(ordered(word) - logSum(r, p.chunks)), 0xff800000u, word == lowest);
}`
