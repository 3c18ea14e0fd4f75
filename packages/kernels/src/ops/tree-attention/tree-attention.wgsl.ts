import { INDEX, MAX_PATH } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { keepHalvesWgsl } from '../linear-f16/half-rows.wgsl'
import { quantiseWgsl } from '../linear-i8/int8-rows.wgsl'
import { repeat } from '../repeat'
import { type AttentionForm, chunk, chunksOfSpan, layoutOf, segment } from './form'
import { headVectors } from './head-vectors.wgsl'
import { largest } from './largest.wgsl'
import { meet, meetingWgsl } from './meeting.wgsl'
import { fold, gather, owners } from './owned-sums.wgsl'
import { partialWgsl } from './partial.wgsl'
import type { Parts } from './parts.wgsl'
import { quantised, quantisingLanes, results } from './results.wgsl'
import { scores, shares } from './scores.wgsl'
import { leave, sums } from './segment-sums.wgsl'

/** The four segments of a chunk: their sums, added in order, in sum<n> of the vectors' owners. */
function segments(parts: Parts): string {
  const { teams, slabs, teamLanes, parts: count, vectors } = parts
  if (teams === 1)
    return `for (var part_of_chunk = 0u; part_of_chunk < ${chunk / segment}u; part_of_chunk++) {
      for (var item = lane; item < ${count * vectors}u; item += ${teamLanes}u) {
        ${sums(parts)}
        ${leave(parts, '0u')}
      }
      workgroupBarrier();
      ${gather(parts, 'part_of_chunk', 1)}
      workgroupBarrier();
    }`
  return `
    let part_of_chunk = team;
    let item = teamAt;
    ${sums(parts)}
    workgroupBarrier();
    ${repeat(
      teams / slabs,
      (turn) => `
      if (team / ${slabs}u == ${turn}u) { ${leave(parts, `(team % ${slabs}u)`)} }
      workgroupBarrier();
      ${gather(parts, `${turn * slabs}u`, slabs)}
      ${turn + 1 < teams / slabs ? 'workgroupBarrier();' : ''}`,
    )}`
}

/**
 * One workgroup (rows, group of query heads, chunk or span): wg.x counts the tiles of rows, wg.y the groups of heads. A chunk's
 * peak is taken over its keys, the shares are summed up segment by segment and the segments' sums added in order; the chunks of a
 * span are merged in order with an online softmax, then the spans. f32 throughout.
 */
export function treeAttentionWgsl(form: AttentionForm, device: Pick<DeviceFacts, 'subgroups' | 'minSubgroup'>): string {
  const layout = layoutOf(form)
  const wide = layout.teams > 1 && layout.keys % 4 === 0 && layout.width === 4
  const parts: Parts = { ...form, ...layout, head: headVectors(form.dtype, form.headDim), wide }
  const { headDim, group, groups, rows, lanes, reach, head, queries, vectors, rowStride, turns, teamLanes } = parts
  const peak = largest({ lanes, rows, group }, device)
  const scale = Math.fround(1 / Math.sqrt(headDim))
  const element = head.type
  const twinAt = form.shared ? 7 : 6
  return /* wgsl */ `
${peak.enable}
struct Params { keys: u32, values: u32, slots: u32, heads: u32, first: u32, rows: u32, parts: u32, twinTiles: u32, tally: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<${element}>; // [rows, heads, ${vectors}]
@group(0) @binding(2) var<storage, read> keyWords: array<${head.key.type}>; // [layers, 2, kvHeads, slots, ${head.key.count}]
@group(0) @binding(3) var<storage, read> valueWords: array<${head.value.type}>; // the same, ${vectors}
@group(0) @binding(4) var<storage, read> index: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<${element}>; // [rows, heads, vectors]
${form.shared ? meetingWgsl : ''}
var<workgroup> queries: array<${element}, ${rows * rowStride}>; // [row, head, ${vectors}], scaled
var<workgroup> pool: array<${wide ? 'vec4f' : 'f32'}, ${wide ? parts.pool / 4 : parts.pool}>; // [query, key] shares, then [segment, query, element] sums
var<workgroup> totals: array<f32, ${4 * queries}>; // [segment, query]
var<workgroup> peaks: array<f32, ${queries}>; // [query] largest score of the chunk
var<workgroup> slots: array<u32, ${rows * chunk}>; // [row, key of the chunk]; the last one's beyond
${peak.memory}
${partialWgsl(element)}
var<workgroup> lengths: array<u32, ${queries}>; // [query] keys that it sees
${form.twin === 'int8' ? `@group(0) @binding(${twinAt}) var<storage, read_write> int8: array<u32>;\n${quantiseWgsl(Math.min(lanes, quantisingLanes, queries * vectors))}` : ''}
${form.twin === 'halves' ? `@group(0) @binding(${twinAt}) var<storage, read_write> twin: array<u32>;\n${keepHalvesWgsl}` : ''}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32${peak.parameter}) {
  let row0 = p.first + wg.x * ${rows}u;
  // Loads that do not wait for each other.
  let base = index[${INDEX.base}];
  let live = index[${INDEX.rows}];
  ${rows === 1 ? `let count = index[${INDEX.positions}u + row0] + 1u;` : ''}
  let head0 = wg.y * ${group}u;
  for (var i = lane; i < ${queries * vectors}u; i += ${lanes}u) {
    let source = (min(wg.x * ${rows}u + i / ${group * vectors}u, p.rows - 1u) * p.heads + head0) * ${vectors}u;
    queries[i / ${group * vectors}u * ${rowStride}u + i % ${group * vectors}u] = q[source + i % ${group * vectors}u] * ${scale}f;
  }
  let end = min(live, p.first + p.rows);
  if (row0 >= end) { return; }
  let row = lane % ${rows}u;
  let at = lane / ${rows}u;
  let its = min(row0 + row, end - 1u);
  ${
    rows === 1
      ? 'let longest = count;'
      : `let count = index[${INDEX.positions}u + its] + 1u;
  var longest = 0u;
  for (var i = row0; i < min(row0 + ${rows}u, end); i++) { longest = max(longest, index[${INDEX.positions}u + i] + 1u); }`
  }
  let begin = wg.z * ${reach === 'chunk' ? 1 : chunksOfSpan}u;
  if (begin * ${chunk}u >= longest) { return; }
  let cacheHead = (wg.y / ${groups}u) * p.slots;
  let path = ${INDEX.paths}u + its * ${MAX_PATH}u;
  let mine = row * ${rowStride}u;
  let team = lane / ${teamLanes}u;
  let teamAt = lane % ${teamLanes}u;
  for (var i = lane; i < ${queries}u; i += ${lanes}u) { lengths[i] = index[${INDEX.positions}u + min(row0 + i / ${group}u, end - 1u)] + 1u; }
${owners(parts)}
  workgroupBarrier();

  for (var now = begin; now < begin + ${reach === 'chunk' ? 1 : chunksOfSpan}u && now * ${chunk}u < longest; now++) {
    let start = now * ${chunk}u;
    ${repeat(group, (g) => `var top${g} = -1e30;`)}
    ${
      turns === 1
        ? `let turn = 0u; ${scores(parts)}`
        : `for (var turn = 0u; turn < ${turns}u && start + turn * ${parts.keyLanes * parts.keys}u < longest; turn++) {
      ${scores(parts)}
      ${repeat(group, (g) => repeat(parts.keys, (j) => `pool[(row * ${group}u + ${g}u) * ${chunk}u + key${j}] = s${j}_${g};`))}
    }`
    }
    ${peak.find}
    ${shares(parts)}
    if (at == 0u) { ${repeat(group, (g) => `peaks[row * ${group}u + ${g}u] = top${g};`)} }
    workgroupBarrier();
    ${segments(parts)}
    ${fold(parts)}
    ${turns > 1 ? 'workgroupBarrier();' : ''}
  }
  ${form.shared ? meet(parts) : ''}
  ${form.twin === 'int8' ? 'workgroupBarrier();' : ''}
  ${results(parts)}
  ${form.twin === 'int8' ? `workgroupBarrier();\n${quantised(parts)}` : ''}
}`
}
