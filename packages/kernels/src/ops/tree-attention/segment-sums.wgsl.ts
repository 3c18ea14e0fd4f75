import { INDEX, MAX_PATH } from '@outrider/core/spec'
import { repeat } from '../repeat'
import { chunk, segment } from './form'
import { unpacked } from './head-vectors.wgsl'
import { type Parts, shareAt } from './parts.wgsl'

/** Values that are loaded at a time, in the order in which a segment is gone through: those that are left over come one by one. */
function batches(ahead: 1 | 16): readonly number[] {
  return ahead === 1 ? [] : [ahead, 4]
}

/** Sums of a segment for the queries of a lane: o<query> and their weights l<query>, over the keys in order. */
export function sums(parts: Parts): string {
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
export function leave(parts: Parts, slab: string): string {
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
