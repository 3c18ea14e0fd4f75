import type { Engine, Tokenizer } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import { type Acceptance, acceptanceOf } from './acceptance'
import { type Difference, differenceOf } from './difference'
import type { Answer, Endpoint } from './endpoint'
import { type LocalRun, localAcceptance, localRun } from './local-run'
import type { Sample } from './metrics'

/** What is compared. */
export interface ComparisonOptions {
  readonly endpoint: Endpoint
  /** The endpoint's name for the model. */
  readonly served: string
  readonly engine: Engine
  readonly tokenizer: Tokenizer
  /** Who drafts here. */
  readonly strategy: string
  readonly prompts: readonly Prompt[]
  readonly maxTokens: number
}

/** A prompt in tokens. */
interface Prompt {
  readonly name: string
  readonly ids: readonly number[]
}

/** A prompt on both sides. */
export interface Pair {
  readonly name: string
  readonly endpoint: Answer & { readonly tokens: number }
  readonly local: LocalRun
  /** null where the texts are equal. */
  readonly difference: Difference | null
}

/** What a comparison came to; acceptance is a sentence where nothing is known of it. */
export interface Comparison {
  readonly pairs: readonly Pair[]
  readonly endpointAcceptance: Acceptance | string
  readonly localAcceptance: Acceptance | string
  /** Whether the endpoint's tokens were counted here, since it does not tell. */
  readonly counted: boolean
}

/**
 * Runs each prompt on both sides, greedily, one right after the other, each side first in turns. Throws `EndpointError`, `UsageError`
 * where the endpoint counts other prompt tokens, and what generating throws.
 */
export async function compareWith(options: ComparisonOptions): Promise<Comparison> {
  const { endpoint, prompts } = options
  // One token: what an endpoint keeps of a prompt must be of no use to a run that counts.
  const warmUp = { name: 'warm-up', ids: prompts[0]?.ids.slice(0, 1) ?? [] }
  await runPair({ ...options, maxTokens: 4 }, warmUp, 0)
  const before = await endpoint.metrics()
  const pairs: Pair[] = []
  let counted = false
  for (const [i, prompt] of prompts.entries()) {
    const pair = await runPair(options, prompt, i)
    counted ||= pair.counted
    pairs.push(pair)
  }
  return {
    pairs,
    endpointAcceptance: acceptanceBetween(before, await endpoint.metrics(), pairs),
    localAcceptance: localAcceptance(pairs.map(({ local }) => local)),
    counted,
  }
}

async function runPair(options: ComparisonOptions, prompt: Prompt, i: number): Promise<Pair & { counted: boolean }> {
  const { engine, tokenizer } = options
  const ask = () => options.endpoint.complete(options.served, prompt.ids, options.maxTokens)
  const early = i % 2 === 0 ? await ask() : null
  const local = await localRun(engine, prompt.ids, options)
  const answer = early ?? (await ask())
  const { promptTokens } = answer
  if (promptTokens !== null && promptTokens !== prompt.ids.length)
    throw new UsageError(
      `${prompt.name}: the endpoint counts ${promptTokens} prompt tokens where ${prompt.ids.length} were sent: it does not take prompts as token ids, so that both sides would not read the same`,
    )
  return {
    name: prompt.name,
    endpoint: { ...answer, tokens: answer.tokens ?? tokenizer.encode(answer.text).length },
    local,
    difference: differenceOf(answer.text, local, tokenizer),
    counted: answer.tokens === null,
  }
}

function acceptanceBetween(
  before: readonly Sample[] | string,
  after: readonly Sample[] | string,
  pairs: readonly Pair[],
): Acceptance | string {
  if (typeof before === 'string') return before
  if (typeof after === 'string') return after
  const tokens = pairs.reduce((sum, { endpoint }) => sum + endpoint.tokens, 0)
  return acceptanceOf({ before, after, tokens, answers: pairs.length })
}
