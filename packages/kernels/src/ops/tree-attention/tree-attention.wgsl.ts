import { INDEX, MAX_PATH } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { blockLanes, blockVectors, quantiseWgsl } from '../linear-i8/int8-rows.wgsl'
import { type AttentionForm, chunk, chunksOfSpan, type Layout, layoutOf, segment } from './form'
import { type HeadVectors, headVectors, unpacked } from './head-vectors.wgsl'
import { largest } from './largest.wgsl'
import { repeat } from './repeat'

/** Lanes that quantise at a time. */
const quantisingLanes = 64

interface Parts extends AttentionForm, Layout {
  readonly head: HeadVectors
  /** Whether four neighbouring shares are one vector. */
  readonly wide: boolean
}

/** Where shares and sums are in the pool: f32, or vec4<f32> where lanes write four at a time. */
const shareAt = ({ wide }: Parts, query: string, key: string): string =>
  wide ? `pool[(${query}) * ${chunk / 4}u + (${key}) / 4u][(${key}) % 4u]` : `pool[(${query}) * ${chunk}u + ${key}]`

/** Scores of a lane's keys for the heads of its row: s<key>_<head>, each over the elements in order. */
function scores(parts: Parts): string {
  const { group, keys, keyLanes, ahead, head } = parts
  const { key } = head
  const most = ahead === 1 ? 1 : Math.max(1, 8 / keys)
  const words = [8, 4, 2, 1].find((each) => each <= most && key.count % each === 0) as number
  const products = (a: number): string =>
    repeat(key.vectors, (u) => {
      const vectors = repeat(keys, (j) => `let k${j} = ${unpacked(key.type, `w${j}_${a}`)[u]};`)
      const sums = repeat(
        group,
        (g) => `{ let q = queries[mine + ${g * parts.vectors}u + (i + ${a}u) * ${key.vectors}u + ${u}u];
        ${head.components.map((c) => repeat(keys, (j) => `s${j}_${g} = fma(q.${c}, k${j}.${c}, s${j}_${g});`)).join('\n')} }`,
      )
      return `{ ${vectors}\n${sums} }`
    })
  return `
    ${repeat(
      keys,
      (j) => `let key${j} = turn * ${keyLanes * keys}u + at * ${keys}u + ${j}u;
      var slot${j} = min(start + key${j}, count - 1u);
      if (slot${j} >= base) { slot${j} = base + index[path + slot${j} - base]; }
      let word${j} = p.keys + (cacheHead + slot${j}) * ${key.count}u;
      ${repeat(group, (g) => `var s${j}_${g} = 0.0;`)}`,
    )}
    // Lanes without keys would only be in the way of the others' loads.
    for (var i = select(${key.count}u, 0u, start + key0 < count); i < ${key.count}u; i += ${words}u) {
      ${repeat(words, (a) => repeat(keys, (j) => `let w${j}_${a} = keyWords[word${j} + i + ${a}u];`))}
      ${repeat(words, products)}
    }
    ${repeat(keys, (j) => `if (start + key${j} >= count) { ${repeat(group, (g) => `s${j}_${g} = -1e30;`)} }`)}
    ${repeat(group, (g) => repeat(keys, (j) => `top${g} = max(top${g}, s${j}_${g});`))}`
}

/** Turns the scores into shares: exp(score - peak of the chunk). */
function shares(parts: Parts): string {
  const { group, keys, turns, wide, lanes } = parts
  const query = (g: number): string => `row * ${group}u + ${g}u`
  if (turns > 1)
    return `
    for (var key = at; key < ${chunk}u; key += ${lanes}u) {
      ${repeat(group, (g) => `{ let i = (${query(g)}) * ${chunk}u + key; pool[i] = exp(max(pool[i] - top${g}, -87.0)); }`)}
    }`
  const share = (j: number, g: number): string => `exp(max(s${j}_${g} - top${g}, -87.0))`
  if (!wide)
    return repeat(group, (g) => repeat(keys, (j) => `pool[(${query(g)}) * ${chunk}u + key${j}] = ${share(j, g)};`))
  return repeat(group, (g) =>
    repeat(keys / 4, (v) => {
      const four = Array.from({ length: 4 }, (_, c) => share(v * 4 + c, g)).join(', ')
      return `pool[(${query(g)}) * ${chunk / 4}u + at * ${keys / 4}u + ${v}u] = vec4<f32>(${four});`
    }),
  )
}

/** Values that are loaded at a time, in the order in which a segment is gone through: those that are left over come one by one. */
function batches(ahead: 1 | 16): readonly number[] {
  return ahead === 1 ? [] : [ahead, 4]
}

/** Sums of a segment for the queries of a lane: o<query> and their weights l<query>, over the keys in order. */
function sums(parts: Parts): string {
  const { partQueries, ahead, head, vectors, parts: count, wide, queries, group, rows } = parts
  const load = (w: string): string => unpacked(head.value.type, w)[0] as string
  const add = (n: number, share: string, value: string): string =>
    `{ let share = ${share}; o${n} = fma(${head.type}(share), ${value}, o${n}); l${n} += share; }`
  const four = (i: number): string =>
    repeat(partQueries, (n) =>
      wide
        ? `{ let shares = pool[query${n} * ${chunk / 4}u + (place + k) / 4u + ${i / 4}u];
        ${repeat(4, (c) => add(n, `shares.${'xyzw'[c]}`, `v${i + c}`))} }`
        : repeat(4, (c) => add(n, shareAt(parts, `query${n}`, `place + k + ${i + c}u`), `v${i + c}`)),
    )
  return `
    let part = item / ${vectors}u;
    let vector = item % ${vectors}u;
    ${repeat(partQueries, (n) => `let query${n} = min(part + ${n * count}u, ${queries - 1}u); var o${n} = ${head.type}(); var l${n} = 0.0;`)}
    if (part < ${count}u) {
      let place = part_of_chunk * ${segment}u;
      let first = start + place;
      let shared_keys = min(max(base, first) - first, ${segment}u);
      let word = p.values + (cacheHead + first) * ${vectors}u + vector;
      var k = 0u;
      ${batches(ahead)
        .map(
          (size) => `for (; k + ${size}u <= shared_keys; k += ${size}u) {
        ${repeat(size, (i) => `let w${i} = valueWords[word + (k + ${i}u) * ${vectors}u];`)}
        ${repeat(size / 4, (q) => `{ ${repeat(4, (c) => `let v${q * 4 + c} = ${load(`w${q * 4 + c}`)};`)} ${four(q * 4)} }`)}
      }`,
        )
        .join('\n')}
      for (; k < shared_keys; k++) {
        let w = valueWords[word + k * ${vectors}u];
        let value = ${load('w')};
        ${repeat(partQueries, (n) => add(n, shareAt(parts, `query${n}`, 'place + k'), 'value'))}
      }
      for (; k < ${segment}u && first + k < longest; k++) {
        ${repeat(
          partQueries,
          (n) => `{
          let its = ${rows === 1 ? 'row0' : `min(row0 + query${n} / ${group}u, end - 1u)`};
          if (first + k <= index[${INDEX.positions}u + its]) {
            let slot = base + index[${INDEX.paths}u + its * ${MAX_PATH}u + first + k - base];
            let w = valueWords[p.values + (cacheHead + slot) * ${vectors}u + vector];
            ${add(n, shareAt(parts, `query${n}`, 'place + k'), load('w'))}
          }
        }`,
        )}
      }
    }`
}

/** Leaves a segment's sums in workgroup memory. */
function leave(parts: Parts, slab: string): string {
  const { partQueries, parts: count, queries, vectors, width, wide, teams, pool, headDim } = parts
  const offset = teams === 1 ? pool - queries * headDim : 0
  return `
    ${repeat(partQueries, (n) => {
      const guard = `part < ${count}u && part + ${n * count}u < ${queries}u`
      const at = `(${slab} * ${queries}u + query${n}) * ${vectors}u + vector`
      const stores = wide
        ? `pool[${at}] = o${n};`
        : repeat(width, (c) => `pool[${offset}u + (${at}) * ${width}u + ${c}u] = o${n}.${'xyzw'[c]};`)
      return `if (${guard}) { ${stores} if (vector == 0u) { totals[part_of_chunk * ${queries}u + query${n}] = l${n}; } }`
    })}`
}

const ownedOf = ({ queries, vectors, lanes }: Parts): number => Math.ceil((queries * vectors) / lanes)

/** For each vector of a query that a lane owns, number `own` of the workgroup; `n` is what its variables are told apart by. */
function owned(parts: Parts, body: (n: string) => string): string {
  const { queries, vectors, lanes, teams } = parts
  const count = ownedOf(parts)
  const guard = count * lanes > queries * vectors ? `if (own < ${queries * vectors}u) ` : ''
  if (teams === 1)
    return `for (var n = 0u; n < ${count}u; n++) { let own = lane + n * ${lanes}u; ${guard}{ ${body('[n]')} } }`
  return repeat(count, (n) => `{ let own = lane + ${n * lanes}u; ${guard}{ ${body(`${n}`)} } }`)
}

/** Variables of what a lane owns. */
function owners(parts: Parts): string {
  const { head, teams } = parts
  const count = ownedOf(parts)
  const all = [
    ['sum', head.type],
    ['mixed', head.type],
    ['weight', 'f32'],
    ['top_of', 'f32'],
  ] as const
  if (teams === 1) return all.map(([name, type]) => `var ${name}: array<${type}, ${count}>;`).join('\n')
  return repeat(count, (n) => all.map(([name, type]) => `var ${name}${n} = ${type}();`).join(' '))
}

/** Adds the sums of `count` segments that are in workgroup memory to those of the segments before. */
function gather(parts: Parts, first: string, count: number): string {
  const { queries, vectors, width, wide, teams, pool, headDim, head } = parts
  const offset = teams === 1 ? pool - queries * headDim : 0
  return owned(parts, (n) =>
    repeat(count, (i) => {
      const at = `${i * queries * vectors}u + own`
      const sum = wide
        ? `pool[${at}]`
        : `${head.type}(${Array.from({ length: width }, (_, c) => `pool[${offset}u + (${at}) * ${width}u + ${c}u]`).join(', ')})`
      return `if (${first} + ${i}u == 0u) { sum${n} = ${sum}; } else { sum${n} += ${sum}; }`
    }),
  )
}

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

/** Folds the chunk into what a lane owns of its span. */
function fold(parts: Parts): string {
  const { queries, head } = parts
  return owned(
    parts,
    (n) => `
      let query = own / ${parts.vectors}u;
      if (start < lengths[query]) {
        let theirs = peaks[query];
        let total = ((totals[query] + totals[${queries}u + query]) + totals[${2 * queries}u + query]) + totals[${3 * queries}u + query];
        if (now == begin) { top_of${n} = theirs; weight${n} = total; mixed${n} = sum${n}; }
        else {
          let peak = max(top_of${n}, theirs);
          let keep = exp(max(top_of${n} - peak, -87.0));
          let take = exp(max(theirs - peak, -87.0));
          mixed${n} = fma(sum${n}, ${head.type}(take), mixed${n} * keep);
          weight${n} = fma(total, take, weight${n} * keep);
          top_of${n} = peak;
        }
      }`,
  )
}

function results(parts: Parts): string {
  const { partial, twin, vectors, head, group, width } = parts
  const tail = width === 4 ? `vec4<f32>(m, l, 0.0, 0.0)` : 'vec2<f32>(m, l)'
  return owned(parts, (n) => {
    const where = `
      let query = own / ${vectors}u;
      let vector = own % ${vectors}u;
      let its = row0 + query / ${group}u;
      let place = (its - p.first) * p.heads + head0 + query % ${group}u;`
    if (!partial)
      return `${where} if (its < end) {
        let result = mixed${n} / ${head.type}(weight${n});
        out[place * ${vectors}u + vector] = result;
        ${twin ? kept(parts, 'result') : ''}
      }`
    return `${where}
      if (its < end && begin * ${chunk}u < lengths[query]) {
        let at = (place * p.parts + wg.z) * ${vectors + 1}u;
        out[at + vector] = mixed${n};
        if (vector == 0u) { let m = top_of${n}; let l = weight${n}; out[at + ${vectors}u] = ${tail}; }
      }`
  })
}

/** Keeps a vector of what a query gets in the pool, which is no longer in use. */
function kept({ wide }: Parts, value: string): string {
  if (wide) return `pool[own] = ${value};`
  return ['x', 'y', 'z', 'w'].map((c, i) => `pool[own * 4u + ${i}u] = ${value}.${c};`).join(' ')
}

/** Quantises what was kept. */
function quantised({ queries, vectors, lanes, group, wide }: Parts): string {
  const all = queries * vectors
  const step = Math.min(lanes, quantisingLanes, all)
  const value = wide ? 'pool[own]' : `vec4<f32>(${[0, 1, 2, 3].map((i) => `pool[own * 4u + ${i}u]`).join(', ')})`
  return repeat(
    Math.ceil(all / step),
    (i) => `{
    let next = lane + ${i * step}u;
    let own = min(next, ${all - 1}u);
    let query = own / ${vectors}u;
    let its = row0 + query / ${group}u;
    let place = (its - p.first) * p.heads + head0 + query % ${group}u;
    let block = (place * ${vectors}u + own % ${vectors}u) / ${blockLanes}u;
    quantise(lane, lane < ${step}u && next < ${all}u && its < end, ${value}, vec4<f32>(1.0), block * ${blockVectors * 4}u);
  }`,
  )
}

/**
 * One workgroup (rows, group of query heads, chunk or span): wg.x counts the tiles of rows, wg.y the groups of heads. A chunk's
 * peak is taken over its keys, the shares are summed up segment by segment and the segments' sums added in order; the chunks of a
 * span are merged in order with an online softmax. f32 throughout.
 */
export function treeAttentionWgsl(form: AttentionForm, device: Pick<DeviceFacts, 'subgroups' | 'minSubgroup'>): string {
  const layout = layoutOf(form)
  const wide = layout.teams > 1 && layout.keys % 4 === 0 && layout.width === 4
  const parts: Parts = { ...form, ...layout, head: headVectors(form.dtype, form.headDim), wide }
  const { headDim, group, groups, rows, lanes, reach, head, queries, vectors, rowStride, turns, teamLanes } = parts
  const peak = largest({ lanes, rows, group }, device)
  const scale = Math.fround(1 / Math.sqrt(headDim))
  const element = head.type
  return /* wgsl */ `
${peak.enable}
struct Params { keys: u32, values: u32, slots: u32, heads: u32, first: u32, rows: u32, parts: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> q: array<${element}>; // [rows, heads, ${vectors}]
@group(0) @binding(2) var<storage, read> keyWords: array<${head.key.type}>; // [layers, 2, kvHeads, slots, ${head.key.count}]
@group(0) @binding(3) var<storage, read> valueWords: array<${head.value.type}>; // the same, ${vectors}
@group(0) @binding(4) var<storage, read> index: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<${element}>; // [rows, heads, ${form.partial ? `parts, ${vectors + 1}` : vectors}]
var<workgroup> queries: array<${element}, ${rows * rowStride}>; // [row, head, ${vectors}], scaled
var<workgroup> pool: array<${wide ? 'vec4<f32>' : 'f32'}, ${wide ? parts.pool / 4 : parts.pool}>; // [query, key] shares, then [segment, query, element] sums
var<workgroup> totals: array<f32, ${4 * queries}>; // [segment, query]
var<workgroup> peaks: array<f32, ${queries}>; // [query] largest score of the chunk
var<workgroup> lengths: array<u32, ${queries}>; // [query] keys that it sees
${peak.memory}
${form.twin ? `@group(0) @binding(6) var<storage, read_write> int8: array<u32>;\n${quantiseWgsl(Math.min(lanes, quantisingLanes, queries * vectors))}` : ''}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(local_invocation_index) lane: u32${peak.parameter}) {
  let row0 = p.first + wg.x * ${rows}u;
  let end = min(index[${INDEX.rows}], p.first + p.rows);
  if (row0 >= end) { return; }
  var longest = 0u;
  for (var i = row0; i < min(row0 + ${rows}u, end); i++) { longest = max(longest, index[${INDEX.positions}u + i] + 1u); }
  let begin = wg.z * ${reach === 'chunk' ? 1 : chunksOfSpan}u;
  if (begin * ${chunk}u >= longest) { return; }
  let base = index[${INDEX.base}];
  let head0 = wg.y * ${group}u;
  let cacheHead = (wg.y / ${groups}u) * p.slots;
  let row = lane % ${rows}u;
  let at = lane / ${rows}u;
  let its = min(row0 + row, end - 1u);
  let count = index[${INDEX.positions}u + its] + 1u;
  let path = ${INDEX.paths}u + its * ${MAX_PATH}u;
  let mine = row * ${rowStride}u;
  let team = lane / ${teamLanes}u;
  let teamAt = lane % ${teamLanes}u;
  for (var i = lane; i < ${queries * vectors}u; i += ${lanes}u) {
    let r = i / ${group * vectors}u;
    let source = (min(row0 + r, end - 1u) - p.first) * p.heads + head0;
    queries[r * ${rowStride}u + i % ${group * vectors}u] = q[source * ${vectors}u + i % ${group * vectors}u] * ${scale}f;
  }
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
  ${form.twin ? 'workgroupBarrier();' : ''}
  ${results(parts)}
  ${form.twin ? `workgroupBarrier();\n${quantised(parts)}` : ''}
}`
}
