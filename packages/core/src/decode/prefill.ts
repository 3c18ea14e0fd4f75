import type { SessionState } from './session-state'

/** Runs the target over a chunk of the prompt, whose cache entries end before `to`; the proposer follows. */
export async function prefillChunk(state: SessionState, to: number): Promise<void> {
  const { sequence, verifier, proposer, device, counters } = state
  const start = sequence.length
  const pass = verifier.chunkPass(to - start, start)
  verifier.setEnd(to)
  const follow = proposer.follow({ kind: 'prefill', pass, own: false, chain: true, nodes: 0, levels: 0 })
  state.alive()
  await device.submit([verifier.prefill(pass), ...follow])
  sequence.reached(to)
  counters.prefilled += to - start
  await proposer.observe({
    start,
    tokens: sequence.tokens.slice(start, to),
    length: to,
    accepted: 0,
    path: [],
    own: false,
  })
}
