import { INDEX, MAX_PATH } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { type KvWords, kvWords } from '../kv-words'

/** Keys of a tile, which is also the size of the workgroup. Tiles begin at multiples of it, counted from position 0. */
export const tile = 64

/** What the text of the shader depends on. */
export interface AttentionForm {
  readonly dtype: 'f16' | 'f32'
  readonly headDim: number
  /** Query heads of one workgroup, all of one key head. */
  readonly group: number
  /** Workgroups of one key head. */
  readonly groups: number
}

/** Elements `0..values` of a cache word `w` as f32 expressions. */
function unpacked({ type }: KvWords): { readonly lines: string; readonly values: readonly string[] } {
  if (type === 'vec4<f32>') return { lines: '', values: ['w.x', 'w.y', 'w.z', 'w.w'] }
  if (type === 'vec2<f32>') return { lines: '', values: ['w.x', 'w.y'] }
  const words = type === 'u32' ? ['w'] : ['w.x', 'w.y', 'w.z', 'w.w']
  return {
    lines: words.map((word, i) => `let h${i} = unpack2x16float(${word});`).join(' '),
    values: words.flatMap((_, i) => [`h${i}.x`, `h${i}.y`]),
  }
}

/** The pair of values `pair` of the head vector whose first word is `at`. */
function pairOf({ type }: KvWords): string {
  if (type === 'u32') return 'unpack2x16float(kv[at + pair])'
  if (type === 'vec4<u32>') return 'unpack2x16float(kv[at + pair / 4u][pair % 4u])'
  if (type === 'vec2<f32>') return 'kv[at + pair]'
  return 'vec2<f32>(kv[at + pair / 2u][2u * (pair % 2u)], kv[at + pair / 2u][2u * (pair % 2u) + 1u])'
}

const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')

/** The largest score of the tile for each head, into p0, p1, …: the maximum is exact, so its order does not matter. */
function peaks(subgroups: boolean, group: number): string {
  if (subgroups)
    return `
    ${repeat(group, (g) => `let top${g} = subgroupMax(s${g});`)}
    if ((lane & (width - 1u)) == 0u) { ${repeat(group, (g) => `tops[${g * 16}u + (lane >> shift)] = top${g};`)} }
    workgroupBarrier();
    ${repeat(group, (g) => `var p${g} = tops[${g * 16}u];`)}
    for (var i = 1u; i < (${tile}u >> shift); i++) { ${repeat(group, (g) => `p${g} = max(p${g}, tops[${g * 16}u + i]);`)} }`
  const share = `for (var i = lane; i < ${group * 8}u; i += ${tile}u) {
      var top = shares[i * 8u];
      for (var k = 1u; k < 8u; k++) { top = max(top, shares[i * 8u + k]); }
      tops[i] = top;
    }`
  return `
    ${repeat(group, (g) => `shares[${g * tile}u + lane] = s${g};`)}
    workgroupBarrier();
    ${share}
    workgroupBarrier();
    ${repeat(group, (g) => `var p${g} = tops[${g * 8}u];`)}
    for (var i = 1u; i < 8u; i++) { ${repeat(group, (g) => `p${g} = max(p${g}, tops[${g * 8}u + i]);`)} }`
}

/**
 * One workgroup a (query head group, row): group.x counts head groups, group.y rows. Scores: a lane a key. Values: a lane a
 * (head, pair of elements), the keys of the tile in order. f32 throughout.
 */
export function treeAttentionWgsl(device: Pick<DeviceFacts, 'subgroups'>, form: AttentionForm): string {
  const { dtype, headDim, group, groups } = form
  const words = kvWords(dtype, headDim)
  const { lines, values } = unpacked(words)
  const pairs = headDim / 2
  const items = Math.ceil((group * pairs) / tile)
  const guard = (n: number): string => ((n + 1) * tile > group * pairs ? `if (item${n} < ${group * pairs}u) ` : '')
  return /* wgsl */ `
${device.subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);' : ''}
struct Params { keys: u32, values: u32, slots: u32, heads: u32, first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>; // [rows, heads, ${headDim}]
@group(0) @binding(2) var<storage, read> kv: array<${words.type}>; // [layers, 2, kvHeads, slots, ${words.count}]
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec2<f32>>; // [rows, heads, ${pairs}]
var<workgroup> queries: array<f32, ${group * headDim}>; // [head, ${headDim}], scaled
var<workgroup> shares: array<f32, ${group * tile}>; // [head, key] exp(score - peak)
var<workgroup> decays: array<f32, ${group}>; // what the new peak leaves of earlier tiles
var<workgroup> places: array<u32, ${tile}>; // first word of each key's values
var<workgroup> tops: array<f32, ${group * (device.subgroups ? 16 : 8)}>;

@compute @workgroup_size(${tile})
fn main(
  @builtin(workgroup_id) place: vec3<u32>,
  @builtin(local_invocation_index) lane: u32${device.subgroups ? ',\n  @builtin(subgroup_size) width: u32' : ''}
) {
  let row = p.first + place.y;
  if (row >= index[${INDEX.rows}]) { return; }
  let base = index[${INDEX.base}];
  let count = index[${INDEX.positions}u + row] + 1u;
  let path = ${INDEX.paths}u + row * ${MAX_PATH}u;
  let heads = (place.y * p.heads + place.x * ${group}u) * ${headDim}u;
  let cacheHead = (place.x / ${groups}u) * p.slots;
  ${device.subgroups ? 'let shift = countTrailingZeros(width);' : ''}
  for (var i = lane; i < ${group * headDim}u; i += ${tile}u) { queries[i] = q[heads + i] * ${Math.fround(1 / Math.sqrt(headDim))}f; }
  ${repeat(group, (g) => `var m${g} = -1e30;`)}
  ${repeat(items, (n) => `let item${n} = lane + ${n * tile}u; var o${n} = vec2<f32>(); var l${n} = 0.0;`)}
  workgroupBarrier();

  for (var first = 0u; first < count; first += ${tile}u) {
    let position = first + lane;
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
    ${peaks(device.subgroups, group)}
    ${repeat(group, (g) => `p${g} = max(p${g}, m${g}); shares[${g * tile}u + lane] = select(0.0, exp(max(s${g} - p${g}, -87.0)), visible);`)}
    if (lane == 0u) { ${repeat(group, (g) => `decays[${g}] = exp(max(m${g} - p${g}, -87.0));`)} }
    ${repeat(group, (g) => `m${g} = p${g};`)}
    workgroupBarrier();
    let keys = min(${tile}u, count - first);
    ${repeat(
      items,
      (n) => `${guard(n)}{
      let head = item${n} / ${pairs}u;
      let pair = item${n} % ${pairs}u;
      var sum = vec2<f32>();
      var total = 0.0;
      for (var k = 0u; k < keys; k++) {
        let share = shares[head * ${tile}u + k];
        let at = places[k];
        sum = fma(vec2<f32>(share), ${pairOf(words)}, sum);
        total += share;
      }
      o${n} = fma(o${n}, vec2<f32>(decays[head]), sum);
      l${n} = fma(l${n}, decays[head], total);
    }`,
    )}
    workgroupBarrier();
  }
  ${repeat(items, (n) => `${guard(n)}{ out[heads / 2u + item${n}] = o${n} / l${n}; }`)}
}`
}
