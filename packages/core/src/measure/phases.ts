import type { PhasesMs } from './report'
import type { RunResult } from './run'

/**
 * Where the time of a round goes, over runs that were timed by the device's clock: drafting and verifying averaged over all rounds,
 * `host` what they leave of the time of a round after the first, whose start a prefill may blur. null without a device's clock, or
 * where no run had a second round.
 */
export function phasesMs(timed: readonly RunResult[]): PhasesMs | null {
  let [draftMs, verifyMs, rounds, wallMs, later] = [0, 0, 0, 0, 0]
  for (const { stats, decodeMs } of timed) {
    if (stats.phases === null) return null
    draftMs += stats.draftMs + stats.phases.draftMs
    verifyMs += stats.phases.verifyMs
    rounds += stats.rounds
    wallMs += decodeMs
    later += stats.rounds - 1
  }
  if (later < 1) return null
  const [draft, verify] = [draftMs / rounds, verifyMs / rounds]
  return { draft, verify, host: Math.max(0, wallMs / later - draft - verify) }
}
