import { repeat } from '../repeat'
import { chunk, segment } from './form'
import { unpacked } from './head-vectors.wgsl'
import { type Parts, shareAt, stored } from './parts.wgsl'

/** Sums of a segment for the queries of a lane: o<query> and their weights l<query>, over the keys in order. */
export function sums(parts: Parts): string {
  const { partQueries, ahead, head, vectors, parts: count, queries, rows } = parts
  // Values of committed keys that are loaded at a time, in the order in which a segment is gone through.
  const batches = ahead === 1 ? [] : rows === 1 ? [ahead] : [ahead, 4]
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
      ${batches
        .map(
          (size) => `for (; k + ${size}u <= shared_keys; k += ${size}u) {
        ${repeat(size, (i) => `let w${i} = valueWords[word + (k + ${i}u) * ${vectors}u];`)}
        ${repeat(size / 4, (q) => `{ ${repeat(4, (c) => `let v${c} = ${valueAt(parts, q * 4 + c)};`)} ${four(parts, q * 4)} }`)}
      }`,
        )
        .join('\n')}
      ${rest(parts)}
    }`
}

/** The keys that are left: their slots are those of each row's path, and rows see different numbers of them. */
function rest(parts: Parts): string {
  const { ahead, rows, group, vectors, partQueries } = parts
  const size = rows === 1 ? ahead : 4
  const loads = (n: number): string => {
    const row = rows === 1 ? '' : `query${n} / ${group}u * ${chunk}u + `
    return repeat(
      size,
      (i) => `let w${i} = valueWords[p.values + (cacheHead + slots[${row}place + k + ${i}u]) * ${vectors}u + vector];`,
    )
  }
  const adds = (n: number): string =>
    repeat(
      size,
      (i) => `if (first + k + ${i}u < lengths[query${n}]) ${add(parts, n, shareOf(parts, n, i), valueAt(parts, i))}`,
    )
  const all =
    rows === 1 ? loads(0) + repeat(partQueries, adds) : repeat(partQueries, (n) => `{ ${loads(n)} ${adds(n)} }`)
  return `for (; k < ${segment}u && first + k < longest; k += ${size}u) { ${all} }`
}

/** Adds v0 to v3, the values of neighbouring keys of which the first is `i` behind k. */
function four(parts: Parts, i: number): string {
  return repeat(parts.partQueries, (n) => {
    if (!parts.wide) return repeat(4, (c) => add(parts, n, shareOf(parts, n, i + c), `v${c}`))
    return `{ let shares = pool[query${n} * ${chunk / 4}u + (place + k) / 4u + ${i / 4}u];
      ${repeat(4, (c) => add(parts, n, `shares.${'xyzw'[c]}`, `v${c}`))} }`
  })
}

function add({ head }: Parts, n: number, share: string, value: string): string {
  return `{ let share = ${share}; o${n} = fma(${head.type}(share), ${value}, o${n}); l${n} += share; }`
}

function shareOf(parts: Parts, n: number, i: number): string {
  return shareAt(parts, `query${n}`, `place + k + ${i}u`)
}

function valueAt({ head }: Parts, i: number): string {
  return unpacked(head.value.type, `w${i}`)[0] as string
}

/** Leaves a segment's sums in workgroup memory. */
export function leave(parts: Parts, slab: string): string {
  const { partQueries, parts: count, queries, vectors } = parts
  return repeat(partQueries, (n) => {
    const store = stored(parts, `(${slab} * ${queries}u + query${n}) * ${vectors}u + vector`, `o${n}`)
    return `
    if (part < ${count}u && part + ${n * count}u < ${queries}u) {
      ${store}
      if (vector == 0u) { totals[part_of_chunk * ${queries}u + query${n}] = l${n}; }
    }`
  })
}
