import { NO_TOKEN } from '@outrider/core/spec'
import { bestOfLanesWgsl } from '../draw.wgsl'
import { orderWgsl } from '../order.wgsl'

/** How `argmax` computes. */
export interface ArgmaxForm {
  /** Whether a row is one chunk: then ids are written, else records (order, id). */
  readonly last: boolean
  /** Whether ids are the target's. */
  readonly mapped: boolean
}

/**
 * One workgroup a chunk of a row: group.x is the chunk, group.y the row. logits f32 [rows, vocab]. Where nothing is above -infinity,
 * `bestId` keeps its zero, whose complement is NO_TOKEN.
 */
export function argmaxWgsl({ last, mapped }: ArgmaxForm): string {
  const token = mapped
    ? `var token = ~atomicLoad(&bestId);
    if (token != ${NO_TOKEN}u) { token = targetIds[token]; }`
    : 'let token = ~atomicLoad(&bestId);'
  const store = last
    ? 'out[p.at + group.y] = token;'
    : `let to = 2u * (group.y * groups.x + group.x);
    out[to] = atomicLoad(&bestWord);
    out[to + 1u] = token;`
  return /* wgsl */ `
struct Params { count: u32, chunk: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
${mapped ? '@group(0) @binding(3) var<storage, read> targetIds: array<u32>;' : ''}
${orderWgsl}
${bestOfLanesWgsl}
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * p.count;
  let end = min(p.count, (group.x + 1u) * p.chunk);
  var mine = lowest;
  var mineId = 0u;
  for (var i = group.x * p.chunk + lane; i < end; i += 256u) {
    let word = order(logits[row + i]);
    if (word > mine) { mine = word; mineId = i; }
  }
  bestOfLanes(mine, mineId);
  if (lane == 0u) {
    ${token}
    ${store}
  }
}`
}

/**
 * Declares `bestRecord(start, lane)` for all 256 lanes of a workgroup: the token of the best of the `p.count` records from `start` on, the
 * first of equals. records u32 [rows, count, 2] of (order, token), orders of -infinity and below for nothing.
 */
export const bestRecordWgsl: string = /* wgsl */ `
${orderWgsl}
${bestOfLanesWgsl}
fn bestRecord(start: u32, lane: u32) -> u32 {
  var mine = lowest;
  var place = 0u;
  for (var i = lane; i < p.count; i += 256u) {
    let word = records[start + i].x;
    if (word > mine) { mine = word; place = i; }
  }
  bestOfLanes(mine, place);
  let best = atomicLoad(&bestId);
  return select(${NO_TOKEN}u, records[start + min(~best, p.count - 1u)].y, best != 0u);
}`

/** One workgroup a row. */
export const bestRecordsWgsl: string = /* wgsl */ `
struct Params { count: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> records: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
${bestRecordWgsl}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = bestRecord(group.x * p.count, lane);
  if (lane == 0u) { out[p.at + group.x] = token; }
}`
