import { INDEX } from '@outrider/core/spec'
import { keepHalvesWgsl } from '../linear-f16/half-rows.wgsl'
import { blockLanes, blockVectors, quantiseWgsl } from '../linear-i8/int8-rows.wgsl'
import { type CopyFormat, chunk, chunksOfSpan } from './form'
import { headVectors } from './head-vectors.wgsl'
import { partialWgsl } from './partial.wgsl'

/** What the text of the merging shader depends on. */
export interface MergeForm {
  readonly dtype: 'f16' | 'f32'
  readonly headDim: number
  /** Spans that are merged at a time, each by as many lanes as a head has vectors. */
  readonly teams: number
  /** What the partial results are of. */
  readonly reach: 'chunk' | 'span'
  /** What a row gets is stored as, too. */
  readonly twin?: CopyFormat | undefined
}

/**
 * Merges the partial results of a row and head with an online softmax: the chunks of a span in order, then the spans in order.
 * One workgroup a (head, row).
 */
export function mergeWgsl({ dtype, headDim, teams, reach, twin }: MergeForm): string {
  const { type, width } = headVectors(dtype, headDim)
  const vectors = headDim / width
  const per = reach === 'chunk' ? chunksOfSpan : 1
  return /* wgsl */ `
struct Params { heads: u32, first: u32, parts: u32, twinTiles: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partials: array<${type}>; // [rows, heads, parts, ${vectors + 1}] sums, (peak, weight)
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<${type}>; // [rows, heads, ${vectors}]
${twin === 'int8' ? `@group(0) @binding(4) var<storage, read_write> int8: array<u32>;${quantiseWgsl(vectors)}` : ''}
${twin === 'halves' ? `@group(0) @binding(4) var<storage, read_write> twin: array<u32>;${keepHalvesWgsl}` : ''}
// sums [team], tops [team] (peak, weight)
${teams > 1 ? `var<workgroup> sums: array<${type}, ${teams * vectors}>;\nvar<workgroup> tops: array<vec2f, ${teams}>;` : ''}

${partialWgsl(type)}

@compute @workgroup_size(${teams * vectors})
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = p.first + wg.y;
  if (row >= index[${INDEX.rows}]) { return; }
  let count = index[${INDEX.positions}u + row] + 1u;
  let filled = (count + ${chunk * (reach === 'chunk' ? 1 : chunksOfSpan) - 1}u) / ${chunk * (reach === 'chunk' ? 1 : chunksOfSpan)}u;
  let place = wg.y * p.heads + wg.x;
  let team = lane / ${vectors}u;
  let vector = lane % ${vectors}u;
  var all = Partial();
  for (var round = 0u; round < filled; round += ${teams * per}u) {
    let begin = round + team * ${per}u;
    var mine = Partial();
    for (var i = begin; i < min(begin + ${per}u, filled); i++) {
      let at = (place * p.parts + i) * ${vectors + 1}u;
      let top = partials[at + ${vectors}u];
      let one = Partial(top.x, top.y, partials[at + vector]);
      if (i == begin) { mine = one; } else { mine = merged(mine, one); }
    }
    ${
      teams === 1
        ? 'if (round == 0u) { all = mine; } else { all = merged(all, mine); }'
        : `sums[lane] = mine.o;
    if (vector == 0u) { tops[team] = vec2f(mine.m, mine.l); }
    workgroupBarrier();
    for (var i = 0u; i < ${teams}u && round + i * ${per}u < filled; i++) {
      let one = Partial(tops[i].x, tops[i].y, sums[i * ${vectors}u + vector]);
      if (round + i == 0u) { all = one; } else { all = merged(all, one); }
    }
    workgroupBarrier();`
    }
  }
  let result = all.o / ${type}(all.l);
  if (team == 0u) {
    out[place * ${vectors}u + vector] = result;
    ${twin === 'halves' ? `keepHalves(wg.y, p.twinTiles, wg.x * ${vectors}u + vector, result);` : ''}
  }
  ${twin === 'int8' ? `quantise(lane, team == 0u, result, vec4f(1.0), (place * ${vectors}u + vector) / ${blockLanes}u * ${blockVectors * 4}u);` : ''}
}`
}
