import { IN_PROMPT } from '../spec'

/** Token counts (`SamplingTensors.counts`, u32 [vocab]) where `generated` was generated after `prompt`. */
export function tokenCounts(prompt: readonly number[], generated: readonly number[], vocab: number): Uint32Array {
  const counts = new Uint32Array(vocab)
  for (const token of prompt) counts[token] = IN_PROMPT
  for (const token of generated) counts[token] = (counts[token] as number) + 1
  return counts
}
