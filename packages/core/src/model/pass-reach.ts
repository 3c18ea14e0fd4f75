/** Positions that one workgroup attends to at once: no shorter reach is worth a program of its own. */
const least = 256

/**
 * `Pass.reach` for a pass whose positions are all below `positions`: 256 or a fourfold of it, so that a session that grows needs few
 * programs. Programs of a pass are keyed by it, as by `rows`.
 *
 * @example
 * ```ts
 * import { passReach, type Programs } from '@outrider/core'
 * import type { DecoderModel, KvCache, Pass } from '@outrider/core/spec'
 *
 * export function run(programs: Programs, model: DecoderModel, cache: KvCache, pass: Pass, length: number) {
 *   const reach = passReach(length + pass.rows)
 *   return programs.get(`run ${pass.rows} below ${reach}`, (ops) => model.forward(ops, { pass: { ...pass, reach }, cache }))
 * }
 * ```
 */
export function passReach(positions: number): number {
  let reach = least
  while (reach < positions) reach *= 4
  return reach
}
