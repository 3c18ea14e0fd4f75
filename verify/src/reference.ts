import { readFile } from 'node:fs/promises'

/** The most likely tokens of a step and their log-probabilities, nats. */
export interface TopTokens {
  readonly ids: readonly number[]
  readonly logProbs: readonly number[]
}

/** One context of a model's reference outputs (float32, another implementation). */
export interface ReferenceContext {
  readonly text: string
  readonly promptIds: readonly number[]
  readonly greedyIds: readonly number[]
  readonly greedyText: string
  /** Nats between the best token and the next, for each greedy id. */
  readonly greedyMargin: readonly number[]
  /** After the prompt. */
  readonly next: TopTokens
  /** First eight values at the last prompt position, after the final norm. */
  readonly finalHidden8: readonly number[]
  /** The same of the residual stream entering each captured layer. */
  readonly auxHidden8: readonly (readonly number[])[]
  /** The best tokens of each step of a greedy chain (Medusa: of each head) when the first greedy id is pending: head → steps. */
  readonly drafts: Readonly<Record<string, readonly TopTokens[]>>
  /** Leading tokens of a drafted chain that the target confirms, for each pending greedy id: head → counts. */
  readonly accepted: Readonly<Record<string, readonly number[]>>
}

export async function readReference(file: string): Promise<readonly ReferenceContext[]> {
  return JSON.parse(await readFile(file, 'utf8')) as ReferenceContext[]
}
