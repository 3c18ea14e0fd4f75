import { IN_PROMPT } from '../spec'
import { acceptedPath } from './host-verdict'
import type { SessionState } from './session-state'

/** Commits tokens that were generated before, by a pass of the kind that verifies; the proposer follows as it follows others' rounds. */
export async function replayPass(state: SessionState, tokens: readonly number[]): Promise<void> {
  const { sequence, verifier, proposer, device, parts } = state
  const accepted = tokens.length - 1
  const { nodes, levels, chain } = proposer.lay(tokens.slice(0, accepted))
  const pass = verifier.treePass(tokens.length, sequence.length)
  const start = sequence.tokens.length
  const path = tokens.slice(0, accepted).map((_, node) => node)
  const outcome = acceptedPath({ path, tokens, length: sequence.length, rows: tokens.length })
  parts.backend.write(verifier.outcome, outcome)
  const follow = proposer.follow({ kind: 'round', pass, own: false, chain, nodes, levels })
  await device.submit([verifier.replay(pass), ...follow])
  sequence.committed(tokens)
  await state.constrained?.accept(tokens)
  await proposer.observe({ start, tokens, length: sequence.length, accepted, path, own: false })
}

/** Token counts (`SamplingTensors.counts`, u32 [vocab]) where `generated` was generated after `prompt`. */
export function tokenCounts(prompt: readonly number[], generated: readonly number[], vocab: number): Uint32Array {
  const counts = new Uint32Array(vocab)
  for (const token of prompt) counts[token] = IN_PROMPT
  for (const token of generated) counts[token] = (counts[token] as number) + 1
  return counts
}
