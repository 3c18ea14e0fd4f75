import { OutriderError } from '../errors'
import type { BackendInfo, ModelConfig } from '../spec'
import type { DecodeStats } from './counters'
import type { GenerateOptions } from './options'

/** An option of a generation that a checkpoint keeps. */
type KeptOption = Extract<
  keyof GenerateOptions,
  | 'maxTokens'
  | 'stop'
  | 'stopTokens'
  | 'ignoreEos'
  | 'temperature'
  | 'topK'
  | 'topP'
  | 'minP'
  | 'typicalP'
  | 'repetitionPenalty'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'logitBias'
  | 'bannedTokens'
  | 'seed'
  | 'sequence'
  | 'logProbs'
>

/** All of them. */
export const keptOptions: readonly KeptOption[] = [
  'maxTokens',
  'stop',
  'stopTokens',
  'ignoreEos',
  'temperature',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'repetitionPenalty',
  'presencePenalty',
  'frequencyPenalty',
  'logitBias',
  'bannedTokens',
  'seed',
  'sequence',
  'logProbs',
]

/**
 * Options that a resumed generation may choose anew (`strategy`, `timings`, `rounds`, `signal`), or has to be given again because no JSON holds
 * them (`constraint`, `processors`, an `acceptance` rule other than the default).
 */
export type ResumeOptions = Omit<GenerateOptions, KeptOption>

/** What tells devices apart whose bits may differ. */
export type DeviceFingerprint = Pick<BackendInfo, 'name' | 'device' | 'arithmetic' | 'cacheType' | 'features'>

/**
 * A generation between two rounds as plain JSON, without its KV cache: what `Engine.resume` goes on from, in another process and on
 * another device if need be. It is small: token ids and options.
 */
export interface GenerationCheckpoint {
  readonly format: 1
  /** Ids of the prompt, then of what was generated so far. */
  readonly tokens: readonly number[]
  /** How many of them are the prompt's: it was prefilled, the others were decoded. */
  readonly promptTokens: number
  /** Rows of the chunks that the prompt was prefilled in. */
  readonly chunkRows: number
  /** Options as they were given, with the seed that was drawn and the tokens that the engine's capacity allowed. */
  readonly options: Pick<GenerateOptions, KeptOption>
  readonly strategy: string
  /** Name of the acceptance rule. */
  readonly rule: string
  /** Options that JSON cannot hold, with the names of what was given: `resume` has to be given the same again. */
  readonly again: Readonly<Record<string, readonly string[]>>
  /** Of the last tokens, whose text is held back since a stop text may begin there: what their parts will tell. */
  readonly held: readonly HeldToken[]
  readonly model: ModelConfig
  readonly fingerprint: DeviceFingerprint
}

/** What a token's ids do not tell. */
export interface HeldToken {
  readonly draft: { readonly by: readonly string[]; readonly depth: number } | null
  /** Nats. */
  readonly logProb: number | null
}

/** How far a generation got. */
export interface Progress {
  /** Generated ids. */
  readonly ids: readonly number[]
  readonly held: readonly HeldToken[]
}

/** Makes checkpoints of one generation. */
export type Checkpointer = (progress: Progress) => GenerationCheckpoint

/** What of a backend decides over bits. */
export function fingerprintOf({ name, device, arithmetic, cacheType, features }: BackendInfo): DeviceFingerprint {
  return { name, device, arithmetic, cacheType, features: [...features].sort() }
}

/**
 * An error that ended a generation, with the checkpoint to go on from in `details.checkpoint` where the generation is not to blame:
 * `DEVICE_LOST` (the backend's own error is the cause) and `ABORTED`. `details.stats`: what was done until then, null where no round
 * began.
 */
export function withCheckpoint(
  error: unknown,
  checkpoint: GenerationCheckpoint,
  stats: DecodeStats | null = null,
): unknown {
  if (!OutriderError.is(error)) return error
  const { code, message } = error
  const lost = code === 'DEVICE_LOST'
  if (!lost && code !== 'ABORTED') return error
  return new OutriderError(code, lost ? `${message} (engine.resume goes on from details.checkpoint)` : message, {
    details: { ...error.details, checkpoint, stats },
    cause: lost ? error : error.cause,
  })
}
