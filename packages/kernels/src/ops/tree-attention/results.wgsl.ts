import { blockLanes, blockVectors } from '../linear-i8/int8-rows.wgsl'
import { repeat } from '../repeat'
import { chunk } from './form'
import { owned } from './owned-sums.wgsl'
import { loaded, type Parts, stored } from './parts.wgsl'

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
        let result = all${n}.o / ${head.type}(all${n}.l);
        out[place * ${vectors}u + vector] = result;
        ${twin === 'int8' ? stored(parts, 0, 'own', 'result') : '' /* the pool is no longer in use */}
        ${twin === 'halves' ? `keepHalves(its - p.first, p.twinTiles, (head0 + query % ${group}u) * ${vectors}u + vector, result);` : ''}
      }`
    return `${where}
      if (its < end && begin * ${chunk}u < lengths[query]) {
        let at = (place * p.parts + wg.z) * ${vectors + 1}u;
        out[at + vector] = all${n}.o;
        if (vector == 0u) { let m = all${n}.m; let l = all${n}.l; out[at + ${vectors}u] = ${tail}; }
      }`
  })
}

/** Quantises what was kept. */
export function quantised(parts: Parts): string {
  const { queries, vectors, lanes, beside, group } = parts
  const all = queries * vectors
  const step = Math.min(lanes * beside, quantisingLanes, all)
  return repeat(
    Math.ceil(all / step),
    (i) => `{
    let next = worker + ${i * step}u;
    let own = min(next, ${all - 1}u);
    let query = own / ${vectors}u;
    let its = row0 + query / ${group}u;
    let place = (its - p.first) * p.heads + head0 + query % ${group}u;
    let block = (place * ${vectors}u + own % ${vectors}u) / ${blockLanes}u;
    quantise(worker, worker < ${step}u && next < ${all}u && its < end, ${loaded(parts, 0, 'own')}, vec4f(1.0), block * ${blockVectors * 4}u);
  }`,
  )
}
