import { OUTCOME } from '@outrider/core/spec'
import type { KvWords } from '../kv-words'

/**
 * A lane owns one word of one (layer, keys or values, head) and moves it along the accepted path in ascending order: a source
 * is never before its destination, so that nothing is overwritten before it was read. Rows that the cache had no slot for stay out.
 */
export function compactKvWgsl({ type, count }: KvWords): string {
  return /* wgsl */ `
struct Params { limit: u32, slots: u32, lanes: u32, lanesAcross: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> outcome: array<u32>;
@group(0) @binding(2) var<storage, read_write> cache: array<${type}>; // [layers · 2 · kvHeads, slots, ${count}]
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = id.y * p.lanesAcross + id.x;
  if (lane >= p.lanes) { return; }
  let base = outcome[${OUTCOME.length}];
  let head = ((lane / ${count}u) * p.slots + base) * ${count}u + lane % ${count}u;
  let accepted = outcome[${OUTCOME.accepted}];
  for (var to = 1u; to <= accepted; to++) {
    let row = outcome[${OUTCOME.path}u + to];
    if (row >= p.limit || base + row >= p.slots) { break; }
    if (row != to) { cache[head + to * ${count}u] = cache[head + row * ${count}u]; }
  }
}`
}
