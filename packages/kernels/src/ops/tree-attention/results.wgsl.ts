import { blockLanes, blockVectors } from '../linear-i8/int8-rows.wgsl'
import { repeat } from '../repeat'
import { owned } from './owned-sums.wgsl'
import { loaded, type Parts, stored } from './parts.wgsl'

/** Lanes that quantise at a time. */
export const quantisingLanes = 64

/** Stores what the rows get of what a lane owns. */
export function results(parts: Parts): string {
  const { twin, vectors, head, group } = parts
  return owned(
    parts,
    (n) => `
      let query = own / ${vectors}u;
      let vector = own % ${vectors}u;
      let its = row0 + query / ${group}u;
      let place = (its - p.first) * p.heads + head0 + query % ${group}u;
      if (its < end) {
        let result = all${n}.o / ${head.type}(all${n}.l);
        out[place * ${vectors}u + vector] = result;
        ${twin === 'int8' ? stored(parts, 'own', 'result') : '' /* the pool is no longer in use */}
        ${twin === 'halves' ? `keepHalves(its - p.first, p.twinTiles, (head0 + query % ${group}u) * ${vectors}u + vector, result);` : ''}
      }`,
  )
}

/** Quantises what was kept. */
export function quantised(parts: Parts): string {
  const { queries, vectors, lanes, group } = parts
  const all = queries * vectors
  const step = Math.min(lanes, quantisingLanes, all)
  return repeat(
    Math.ceil(all / step),
    (i) => `{
    let next = lane + ${i * step}u;
    let own = min(next, ${all - 1}u);
    let query = own / ${vectors}u;
    let its = row0 + query / ${group}u;
    let place = (its - p.first) * p.heads + head0 + query % ${group}u;
    let block = (place * ${vectors}u + own % ${vectors}u) / ${blockLanes}u;
    quantise(lane, lane < ${step}u && next < ${all}u && its < end, ${loaded(parts, 'own')}, vec4f(1.0), block * ${blockVectors * 4}u);
  }`,
  )
}
