import { blockLanes, blockVectors } from '../linear-i8/int8-rows.wgsl'
import { repeat } from '../repeat'
import { chunk } from './form'
import { owned } from './owned-sums.wgsl'
import type { Parts } from './parts.wgsl'

/** Lanes that quantise at a time. */
export const quantisingLanes = 64

/** Stores what a lane owns: what its rows get, or partial results with their peak and weight. */
export function results(parts: Parts): string {
  const { partial, twin, vectors, head, group, width } = parts
  const tail = width === 4 ? `vec4f(m, l, 0.0, 0.0)` : 'vec2f(m, l)'
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
        ${twin === 'int8' ? kept(parts, 'result') : ''}
        ${twin === 'halves' ? `keepHalves(its - p.first, p.twinTiles, (head0 + query % ${group}u) * ${vectors}u + vector, result);` : ''}
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
export function quantised({ queries, vectors, lanes, group, wide }: Parts): string {
  const all = queries * vectors
  const step = Math.min(lanes, quantisingLanes, all)
  const value = wide ? 'pool[own]' : `vec4f(${[0, 1, 2, 3].map((i) => `pool[own * 4u + ${i}u]`).join(', ')})`
  return repeat(
    Math.ceil(all / step),
    (i) => `{
    let next = lane + ${i * step}u;
    let own = min(next, ${all - 1}u);
    let query = own / ${vectors}u;
    let its = row0 + query / ${group}u;
    let place = (its - p.first) * p.heads + head0 + query % ${group}u;
    let block = (place * ${vectors}u + own % ${vectors}u) / ${blockLanes}u;
    quantise(lane, lane < ${step}u && next < ${all}u && its < end, ${value}, vec4f(1.0), block * ${blockVectors * 4}u);
  }`,
  )
}
