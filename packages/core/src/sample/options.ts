import { OutriderError } from '../errors'
import type { SamplingParams } from './params'

/**
 * How tokens are chosen, in this fixed order: processors, where a generation has them; repetition, presence and frequency penalties;
 * logit bias and banned tokens; the constraint's mask, where there is one; temperature; top-k; top-p; min-p; typical-p, each filter over
 * what those before it left; the noise of the draw last. At a node of a draft's tree they see the path that leads to it, so drafts
 * change no text at any temperature.
 */
export interface SamplingOptions {
  /** Logits are divided by it; 0, the default, takes the most likely token. */
  readonly temperature?: number
  /** Only so many of the most likely tokens. Default all. */
  readonly topK?: number
  /** Only the smallest set of most likely tokens with this mass, in (0, 1]. Default 1, all. */
  readonly topP?: number
  /** Only tokens of at least this share of the most likely one's probability, in [0, 1]. Default 0, all. */
  readonly minP?: number
  /** Only the smallest set, of this mass, of tokens nearest to the expected information, in (0, 1]. Default 1, all. */
  readonly typicalP?: number
  /** Divides positive and multiplies negative logits of tokens seen, the prompt's too. Default 1, none. */
  readonly repetitionPenalty?: number
  /** Taken off the logit of every token generated, nats. Default 0. */
  readonly presencePenalty?: number
  /** Taken off the logit of a token for each time that it was generated, nats. Default 0. */
  readonly frequencyPenalty?: number
  /** Added to logits, nats, by token id. */
  readonly logitBias?: Readonly<Record<number, number>>
  /** Token ids that are never chosen. */
  readonly bannedTokens?: readonly number[]
  /**
   * A whole number from 0 to 2^53 - 1 that makes a run repeatable on a device: the same seed, prompt and options give the same tokens,
   * with any strategy. Default: a random one; `finish.seed` tells which.
   */
  readonly seed?: number
  /** Tells several answers to one prompt and seed apart: 0, the default, to 2^32 - 1. */
  readonly sequence?: number
  /** Whether to give the log-probability of every token, under the model's own logits (before all of these). Default false. */
  readonly logProbs?: boolean
  /**
   * Whether every part tells of its round in `part.round`: the tree that was drafted with the target's probabilities, what was kept of it,
   * where the time went. It implies `logProbs`, reads a little more a round and takes two more logits of the largest pass. Default false.
   */
  readonly rounds?: boolean
}

/** Sampling options with their defaults, checked. */
export interface SamplingPlan {
  readonly params: SamplingParams & { readonly temperature: number; readonly seed: number }
  /** Nats to add by token id; -∞ bans it. Null for none. */
  readonly bias: ReadonlyMap<number, number> | null
  readonly stages: SamplingStages
}

/** Which ops a round needs: what is not needed is not recorded. */
export interface SamplingStages {
  /** Penalties, bias or a temperature other than 0 and 1. */
  readonly adjust: boolean
  /** A filter, at a temperature above 0. */
  readonly filter: boolean
  /** Penalties: tokens are counted. */
  readonly count: boolean
  /** A temperature above 0: noise is drawn. */
  readonly noise: boolean
  /** Log-probabilities of what is emitted are kept. */
  readonly logProbs: boolean
  /** Log-probabilities of what was drafted are kept, too. */
  readonly rounds: boolean
}

/** What plain greedy decoding needs. */
export const GREEDY_STAGES: SamplingStages = {
  adjust: false,
  filter: false,
  count: false,
  noise: false,
  logProbs: false,
  rounds: false,
}

const largestWord = 2 ** 32 - 1

/** Checks sampling options against a vocabulary. Throws `INVALID_OPTION` naming the option and what it may be. */
export function planSampling(options: SamplingOptions, vocab: number): SamplingPlan {
  const { temperature = 0, topK = 0, topP = 1, minP = 0, typicalP = 1, sequence = 0 } = options
  const {
    repetitionPenalty = 1,
    presencePenalty = 0,
    frequencyPenalty = 0,
    seed = randomSeed(),
    rounds = false,
    logProbs = rounds,
  } = options
  const finite = Number.isFinite
  const whole = Number.isInteger
  const positive = (value: number) => value > 0 && finite(value)
  check('temperature', temperature, temperature >= 0 && finite(temperature), 'a number of at least 0')
  check('topK', topK, whole(topK) && topK >= 0 && topK <= largestWord, 'a whole number of at least 1, or 0 for all')
  check('topP', topP, topP > 0 && topP <= 1, 'above 0 and at most 1')
  check('minP', minP, minP >= 0 && minP <= 1, 'from 0 to 1')
  check('typicalP', typicalP, typicalP > 0 && typicalP <= 1, 'above 0 and at most 1')
  check('repetitionPenalty', repetitionPenalty, positive(repetitionPenalty), 'a number above 0')
  check('presencePenalty', presencePenalty, finite(presencePenalty), 'a number')
  check('frequencyPenalty', frequencyPenalty, finite(frequencyPenalty), 'a number')
  check('seed', seed, Number.isSafeInteger(seed) && seed >= 0, 'a whole number from 0 to 2^53 - 1')
  check('sequence', sequence, whole(sequence) && sequence >= 0 && sequence <= largestWord, 'from 0 to 2^32 - 1')
  const bias = biasOf(options, vocab)
  const count = repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0
  const noise = temperature > 0
  return {
    params: {
      temperature,
      topK,
      topP,
      minP,
      typicalP,
      repetition: repetitionPenalty,
      presence: presencePenalty,
      frequency: frequencyPenalty,
      biased: bias !== null,
      seed,
      sequence,
    },
    bias,
    stages: {
      adjust: count || bias !== null || (noise && temperature !== 1),
      filter: noise && (topK > 0 || topP < 1 || minP > 0 || typicalP < 1),
      count,
      noise,
      logProbs: logProbs || rounds,
      rounds,
    },
  }
}

function biasOf({ logitBias = {}, bannedTokens = [] }: SamplingOptions, vocab: number): SamplingPlan['bias'] {
  const bias = new Map<number, number>()
  if (!Array.isArray(bannedTokens))
    throw new OutriderError('INVALID_OPTION', 'bannedTokens must be a list of token ids')
  const add = (option: string, id: number, value: number) => {
    check(option, id, Number.isInteger(id) && id >= 0 && id < vocab, `of token ids below ${vocab}`)
    bias.set(id, value)
  }
  for (const [id, value] of Object.entries(logitBias)) {
    check('logitBias', value, !Number.isNaN(value) && value !== Number.POSITIVE_INFINITY, 'of numbers')
    add('logitBias', Number(id), value)
  }
  for (const id of bannedTokens) add('bannedTokens', id, Number.NEGATIVE_INFINITY)
  return bias.size === 0 ? null : bias
}

function check(option: string, value: number, right: boolean, may: string): void {
  if (!right) throw new OutriderError('INVALID_OPTION', `${option} must be ${may}, not ${value}`)
}

/** 53 random bits. */
function randomSeed(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number]
  return (high >>> 11) * 2 ** 32 + low
}
