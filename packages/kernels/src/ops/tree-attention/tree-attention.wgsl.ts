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
  /** Teams of a workgroup: tile i goes to team i mod `teams`, wherever the row stands. */
  readonly teams: number
  /** Lanes of a team. They share keys and elements, and do not change the result. */
  readonly lanes: 16 | 64
  /** Values that a lane loads before it adds the first of them; it adds them in order all the same. */
  readonly ahead: 1 | 16
}

const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')

/** Keys of a tile whose largest score one lane finds, where there are no subgroups. */
const part = 16
const parts: number = tile / part

/** Brings the largest of a team's scores into p0, p1, … of all its lanes: a maximum is exact, so its order does not matter. */
function peaks(subgroups: boolean, { group, teams, lanes }: AttentionForm): string {
  if (subgroups)
    return `
    ${repeat(group, (g) => `p${g} = subgroupMax(p${g});`)}
    if ((lane & (width - 1u)) == 0u) { ${repeat(group, (g) => `tops[${(g * teams * lanes) / 4}u + (lane >> shift)] = p${g};`)} }
    workgroupBarrier();
    let end = ((team + 1u) * ${lanes}u) >> shift;
    for (var i = (team * ${lanes}u) >> shift; i < end; i++) {
      ${repeat(group, (g) => `p${g} = max(p${g}, tops[${(g * teams * lanes) / 4}u + i]);`)}
    }`
  return `
    for (var key = at; key < ${tile}u; key += ${lanes}u) {
      if (key >= keys) { ${repeat(group, (g) => `shares[mine + ${g * tile}u + key] = -1e30;`)} }
    }
    workgroupBarrier();
    for (var i = lane; i < ${teams * group * parts}u; i += ${teams * lanes}u) {
      var top = shares[i * ${part}u];
      for (var k = 1u; k < ${part}u; k++) { top = max(top, shares[i * ${part}u + k]); }
      tops[i] = top;
    }
    workgroupBarrier();
    for (var i = 0u; i < ${parts}u; i++) {
      ${repeat(group, (g) => `p${g} = max(p${g}, tops[(team * ${group}u + ${g}u) * ${parts}u + i]);`)}
    }`
}

/** Workgroup memory of `peaks`: [head, subgroup] or [team, head, part]. */
function peakMemory(subgroups: boolean, { group, teams, lanes }: AttentionForm): string {
  return `var<workgroup> tops: array<f32, ${subgroups ? (group * teams * lanes) / 4 : group * teams * parts}>;`
}

/** Adds the sums of the other teams to those of team 0, one team after the other, each scaled to the larger peak. */
function merge({ headDim, group, teams }: AttentionForm, each: (body: (n: number) => string) => string): string {
  const pairs = headDim / 2
  return `
  if (at == 0u) { ${repeat(group, (g) => `decays[team * ${group}u + ${g}u] = m${g};`)} }
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
 * online softmax of its own; in the end the teams are merged in order. Its lanes take scores by key, and sums by (head, pair of
 * elements), each over the keys of the tile in order. f32 throughout.
 */
export function treeAttentionWgsl(form: AttentionForm, device: Pick<DeviceFacts, 'subgroups' | 'maxSubgroup'>): string {
  const { dtype, headDim, group, groups, teams, lanes, ahead } = form
  const subgroups = device.subgroups && device.maxSubgroup <= lanes
  const words = kvWords(dtype, headDim)
  const { lines, values } = elements(words)
  const pairs = headDim / 2
  const items = Math.ceil((group * pairs) / lanes)
  const each = (body: (n: number) => string): string =>
    repeat(items, (n) => `${(n + 1) * lanes > group * pairs ? `if (item${n} < ${group * pairs}u) ` : ''}{ ${body(n)} }`)
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
${peakMemory(subgroups, form)}

@compute @workgroup_size(${teams * lanes})
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
  let team = lane / ${lanes}u;
  let at = lane % ${lanes}u;
  let mine = team * ${group * tile}u;
  ${subgroups ? 'let shift = countTrailingZeros(width);' : ''}
  for (var i = lane; i < ${group * headDim}u; i += ${teams * lanes}u) { queries[i] = q[heads + i] * ${scale}f; }
  ${repeat(group, (g) => `var m${g} = -1e30;`)}
  ${repeat(items, (n) => `let item${n} = at + ${n * lanes}u; var o${n} = vec2<f32>(); var l${n} = 0.0;`)}
  workgroupBarrier();

  for (var first = 0u; first < count; first += ${teams * tile}u) {
    let start = first + team * ${tile}u;
    let keys = min(${tile}u, max(count, start) - start);
    ${repeat(group, (g) => `var p${g} = -1e30;`)}
    for (var key = at; key < keys; key += ${lanes}u) {
      let position = start + key;
      var slot = position;
      if (position >= base) { slot = base + index[path + position - base]; }
      let word = (cacheHead + slot) * ${words.count}u;
      places[team * ${tile}u + key] = p.values + word;
      ${repeat(group, (g) => `var s${g} = 0.0;`)}
      for (var i = 0u; i < ${words.count}u; i++) {
        let w = kv[p.keys + word + i];
        ${lines}
        let d = i * ${words.values}u;
        ${repeat(group, (g) => values.map((value, i) => `s${g} = fma(queries[${g * headDim}u + d + ${i}u], ${value}, s${g});`).join(' '))}
      }
      ${repeat(group, (g) => `shares[mine + ${g * tile}u + key] = s${g}; p${g} = max(p${g}, s${g});`)}
    }
    ${peaks(subgroups, form)}
    ${repeat(group, (g) => `p${g} = max(p${g}, m${g});`)}
    for (var key = at; key < keys; key += ${lanes}u) {
      ${repeat(group, (g) => `shares[mine + ${g * tile}u + key] = exp(max(shares[mine + ${g * tile}u + key] - p${g}, -87.0));`)}
    }
    if (at == 0u) { ${repeat(group, (g) => `decays[team * ${group}u + ${g}u] = exp(max(m${g} - p${g}, -87.0));`)} }
    ${repeat(group, (g) => `m${g} = p${g};`)}
    workgroupBarrier();
    ${each(
      (n) => `
      let head = item${n} / ${pairs}u;
      let pair = item${n} % ${pairs}u;
      var sum = vec2<f32>();
      var total = 0.0;
      let head_shares = mine + head * ${tile}u;
      var k = 0u;
      ${
        ahead > 1
          ? `for (; k + ${ahead}u <= keys; k += ${ahead}u) {
        ${repeat(ahead, (i) => `var value${i}: vec2<f32>; { let word = places[team * ${tile}u + k + ${i}u]; value${i} = ${elementPair(words)}; }`)}
        ${repeat(ahead, (i) => `let share${i} = shares[head_shares + k + ${i}u]; sum = fma(vec2<f32>(share${i}), value${i}, sum); total += share${i};`)}
      }`
          : ''
      }
      for (; k < keys; k++) {
        let share = shares[head_shares + k];
        let word = places[team * ${tile}u + k];
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
