/** Where `SamplingTensors.params` keeps what, in u32 words. Zeros throughout are greedy decoding. */
export const SAMPLING = {
  /** f32; 0 is greedy. */
  temperature: 0,
  /** 0 is off. */
  topK: 1,
  /** f32; off outside of (0, 1). */
  topP: 2,
  /** f32; 0 is off. */
  minP: 3,
  /** f32; off outside of (0, 1). */
  typicalP: 4,
  /** f32; off at 0 and 1. */
  repetition: 5,
  /** f32; 0 is off. */
  presence: 6,
  /** f32; 0 is off. */
  frequency: 7,
  /** Whether `SamplingTensors.bias` counts: 0 or 1. */
  biased: 8,
  seedLow: 9,
  seedHigh: 10,
  sequence: 11,
  words: 12,
} as const

/** How tokens are drawn. What is absent is off, and without a temperature decoding is greedy. */
export interface SamplingParams {
  /** Logits are divided by it; 0 takes the most likely token. */
  readonly temperature?: number
  /** Only the `topK` most likely tokens (Fan et al. 2018, "Hierarchical neural story generation"). */
  readonly topK?: number
  /** Only the smallest set of most likely tokens with this mass: the nucleus (Holtzman et al. 2020). In (0, 1). */
  readonly topP?: number
  /** Only tokens of at least this share of the most likely one's probability (Nguyen et al. 2024, "min-p sampling"). In [0, 1]. */
  readonly minP?: number
  /** Only the smallest set, of this mass, of tokens nearest to the expected information (Meister et al. 2022). In (0, 1). */
  readonly typicalP?: number
  /** Divides positive and multiplies negative logits of every token seen, the prompt's too (CTRL, Keskar et al. 2019). */
  readonly repetition?: number
  /** Taken off the logit of every token generated, in nats. */
  readonly presence?: number
  /** Taken off the logit of a token for each time that it was generated, in nats. */
  readonly frequency?: number
  /** Whether the session's bias counts. */
  readonly biased?: boolean
  /** A whole number from 0 to 2^53 - 1. */
  readonly seed?: number
  /** Tells sequences of one seed apart: u32. */
  readonly sequence?: number
}

/**
 * Parameters as `SamplingTensors.params` holds them, u32 [SAMPLING.words], floats as their bits. Takes numbers as they are:
 * whoever takes options from users checks them.
 *
 * @example
 * ```ts
 * import { samplingWords } from '@outrider/core'
 *
 * console.log(samplingWords({ topK: 40, seed: 2 ** 32 + 7 })) // 40 at SAMPLING.topK, 7 and 1 at the seed
 * ```
 */
export function samplingWords(params: SamplingParams): Uint32Array {
  const words = new Uint32Array(SAMPLING.words)
  const floats = new Float32Array(words.buffer)
  for (const name of ['temperature', 'topP', 'minP', 'typicalP', 'repetition', 'presence', 'frequency'] as const)
    floats[SAMPLING[name]] = params[name] ?? 0
  const { seed = 0 } = params
  words[SAMPLING.topK] = params.topK ?? 0
  words[SAMPLING.biased] = params.biased ? 1 : 0
  words[SAMPLING.seedLow] = seed % 2 ** 32
  words[SAMPLING.seedHigh] = Math.floor(seed / 2 ** 32)
  words[SAMPLING.sequence] = params.sequence ?? 0
  return words
}
