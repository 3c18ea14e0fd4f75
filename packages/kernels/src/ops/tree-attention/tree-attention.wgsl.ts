import { INDEX, MAX_PATH } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { kvWords } from '../kv-words'
import { elementPair, elements } from './cache-words.wgsl'

/** Keys of a tile. Tiles begin at multiples of it, counted from position 0. */
const tile = 64
/** What the text of the shader depends on. */
export interface AttentionForm {
  readonly dtype: 'f16' | 'f32'
  readonly headDim: number
  /** Query heads of one workgroup, all of one key head. */
  readonly group: number
  /** Workgroups of one key head. */
  readonly groups: number
  /** Teams of a workgroup, of a lane a key: tile i goes to team i mod `teams`, wherever the row stands. */
  readonly teams: number
}

const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')

/** The largest of a team's scores for each head, into p0, p1, …: a maximum is exact, so its order does not matter. */
function peaks(subgroups: boolean, { group, teams }: AttentionForm): string {
  if (subgroups)
    return `
    ${repeat(group, (g) => `let top${g} = subgroupMax(s${g});`)}
    if ((lane & (width - 1u)) == 0u) { ${repeat(group, (g) => `tops[${g * teams * 16}u + (lane >> shift)] = top${g};`)} }
    workgroupBarrier();
    ${repeat(group, (g) => `var p${g} = -1e30;`)}
    let end = ((team + 1u) * ${tile}u) >> shift;
    for (var i = (team * ${tile}u) >> shift; i < end; i++) {
      ${repeat(group, (g) => `p${g} = max(p${g}, tops[${g * teams * 16}u + i]);`)}
    }`
  return `
    ${repeat(group, (g) => `shares[mine + ${g * tile}u + key] = s${g};`)}
    workgroupBarrier();
    for (var i = lane; i < ${teams * group * 8}u; i += ${teams * tile}u) {
      var top = shares[i * 8u];
      for (var k = 1u; k < 8u; k++) { top = max(top, shares[i * 8u + k]); }
      tops[i] = top;
    }
    workgroupBarrier();
    ${repeat(group, (g) => `var p${g} = -1e30;`)}
    for (var i = 0u; i < 8u; i++) { ${repeat(group, (g) => `p${g} = max(p${g}, tops[team * ${group * 8}u + ${g * 8}u + i]);`)} }`
}

/** Adds the sums of the other teams to those of team 0, one team after the other, each scaled to the larger peak. */
function merge({ headDim, group, teams }: AttentionForm, each: (body: (n: number) => string) => string): string {
  const pairs = headDim / 2
  return `
  if (key == 0u) { ${repeat(group, (g) => `decays[team * ${group}u + ${g}u] = m${g};`)} }
  ${each((n) => `if (item${n} % ${pairs}u == 0u) { totals[team * ${group}u + item${n} / ${pairs}u] = l${n}; }`)}
  workgroupBarrier();
  for (var other = 1u; other < min(${teams}u, (count + ${tile - 1}u) / ${tile}u); other++) {
    if (team == other) { ${each((n) => `queries[2u * item${n}] = o${n}.x; queries[2u * item${n} + 1u] = o${n}.y;`)} }
    workgroupBarrier();
    if (team == 0u) {
      ${each(
        (n) => `
        let head = item${n} / ${pairs}u;
        let theirs = decays[other * ${group}u + head];
        let before = decays[head];
        let peak = max(before, theirs);
        let keep = exp(max(before - peak, -87.0));
        let take = exp(max(theirs - peak, -87.0));
        let sum = vec2<f32>(queries[2u * item${n}], queries[2u * item${n} + 1u]);
        o${n} = fma(sum, vec2<f32>(take), o${n} * keep);
        l${n} = fma(totals[other * ${group}u + head], take, l${n} * keep);
      `,
      )}
    }
    workgroupBarrier();
    if (lane < ${group}u) { decays[lane] = max(decays[lane], decays[other * ${group}u + lane]); }
    workgroupBarrier();
  }`
}

/**
 * One workgroup a (group of query heads, row): place.x counts the groups, place.y the rows. Each team walks its tiles with an
 * online softmax of its own; in the end the teams are merged in order. Scores: a lane a key. Values: a lane a (head, pair of
 * elements), the keys of the tile in order. f32 throughout.
 */
export function treeAttentionWgsl(device: Pick<DeviceFacts, 'subgroups' | 'maxSubgroup'>, form: AttentionForm): string {
  const { dtype, headDim, group, groups, teams } = form
  const subgroups = device.subgroups && device.maxSubgroup <= tile
  const words = kvWords(dtype, headDim)
  const { lines, values } = elements(words)
  const pairs = headDim / 2
  const items = Math.ceil((group * pairs) / tile)
  const each = (body: (n: number) => string): string =>
    repeat(items, (n) => `${(n + 1) * tile > group * pairs ? `if (item${n} < ${group * pairs}u) ` : ''}{ ${body(n)} }`)
  const scale = Math.fround(1 / Math.sqrt(headDim))
  return /* wgsl */ `
${subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);' : ''}
struct Params { keys: u32, values: u32, slots: u32, heads: u32, first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>; // [rows, heads, ${headDim}]
@group(0) @binding(2) var<storage, read> kv: array<${words.type}>; // [layers, 2, kvHeads, slots, ${words.count}]
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec2<f32>>; // [rows, heads, ${pairs}]
var<workgroup> queries: array<f32, ${group * headDim}>; // [head, ${headDim}], scaled; in the end a team's sums
var<workgroup> shares: array<f32, ${teams * group * tile}>; // [team, head, key] exp(score - peak)
var<workgroup> decays: array<f32, ${teams * group}>; // [team, head] what a new peak leaves of earlier tiles; in the end peaks
${teams > 1 ? `var<workgroup> totals: array<f32, ${teams * group}>; // [team, head] in the end` : ''}
var<workgroup> places: array<u32, ${teams * tile}>; // [team, key] first word of the key's values
var<workgroup> tops: array<f32, ${teams * group * (subgroups ? 16 : 8)}>;

@compute @workgroup_size(${teams * tile})
fn main(
  @builtin(workgroup_id) place: vec3<u32>,
  @builtin(local_invocation_index) lane: u32${subgroups ? ',\n  @builtin(subgroup_size) width: u32' : ''}
) {
  let row = p.first + place.y;
  if (row >= index[${INDEX.rows}]) { return; }
  let base = index[${INDEX.base}];
  let count = index[${INDEX.positions}u + row] + 1u;
  let path = ${INDEX.paths}u + row * ${MAX_PATH}u;
  let heads = (place.y * p.heads + place.x * ${group}u) * ${headDim}u;
  let cacheHead = (place.x / ${groups}u) * p.slots;
  let team = lane / ${tile}u;
  let key = lane % ${tile}u;
  let mine = team * ${group * tile}u;
  ${subgroups ? 'let shift = countTrailingZeros(width);' : ''}
  for (var i = lane; i < ${group * headDim}u; i += ${teams * tile}u) { queries[i] = q[heads + i] * ${scale}f; }
  ${repeat(group, (g) => `var m${g} = -1e30;`)}
  ${repeat(items, (n) => `let item${n} = key + ${n * tile}u; var o${n} = vec2<f32>(); var l${n} = 0.0;`)}
  workgroupBarrier();

  for (var first = 0u; first < count; first += ${teams * tile}u) {
    let start = first + team * ${tile}u;
    let position = start + key;
    let visible = position < count;
    ${repeat(group, (g) => `var s${g} = 0.0;`)}
    if (visible) {
      var slot = position;
      if (position >= base) { slot = base + index[path + position - base]; }
      let at = (cacheHead + slot) * ${words.count}u;
      places[lane] = p.values + at;
      for (var i = 0u; i < ${words.count}u; i++) {
        let w = kv[p.keys + at + i];
        ${lines}
        let d = i * ${words.values}u;
        ${repeat(group, (g) => values.map((value, i) => `s${g} = fma(queries[${g * headDim}u + d + ${i}u], ${value}, s${g});`).join(' '))}
      }
    }
    ${repeat(group, (g) => `s${g} = select(-1e30, s${g}, visible);`)}
    ${peaks(subgroups, form)}
    ${repeat(
      group,
      (g) => `p${g} = max(p${g}, m${g});
    shares[mine + ${g * tile}u + key] = select(0.0, exp(max(s${g} - p${g}, -87.0)), visible);`,
    )}
    if (key == 0u) { ${repeat(group, (g) => `decays[team * ${group}u + ${g}u] = exp(max(m${g} - p${g}, -87.0));`)} }
    ${repeat(group, (g) => `m${g} = p${g};`)}
    workgroupBarrier();
    let keys = min(${tile}u, max(count, start) - start);
    ${each(
      (n) => `
      let head = item${n} / ${pairs}u;
      let pair = item${n} % ${pairs}u;
      var sum = vec2<f32>();
      var total = 0.0;
      for (var k = 0u; k < keys; k++) {
        let share = shares[mine + head * ${tile}u + k];
        let at = places[team * ${tile}u + k];
        sum = fma(vec2<f32>(share), ${elementPair(words)}, sum);
        total += share;
      }
      let decay = decays[team * ${group}u + head];
      o${n} = fma(o${n}, vec2<f32>(decay), sum);
      l${n} = fma(l${n}, decay, total);
    `,
    )}
    workgroupBarrier();
  }

  ${teams > 1 ? merge(form, each) : ''}
  if (team == 0u) { ${each((n) => `out[heads / 2u + item${n}] = o${n} / l${n};`)} }
}`
}
