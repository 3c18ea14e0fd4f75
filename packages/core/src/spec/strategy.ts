import type { Backend } from './backend'
import type { LoadProgress, TensorFiles } from './checkpoint'
import type { CostBudget, CostCurve } from './cost'
import type { DecoderModel, TargetModel } from './decoder'
import type { Proposer, SessionView } from './proposer'
import type { Tokenizer } from './tokenizer'

/**
 * What a plugin exports: plain data and one factory. The engine asks for nothing else and never for the name.
 *
 * @example
 * ```ts
 * import type { Strategy } from '@outrider/core/spec'
 *
 * /** Proposes that the last token comes again. *\/
 * export const echo = (): Strategy => ({
 *   specVersion: 1,
 *   name: 'echo',
 *   load: async () => ({
 *     start: (session) => ({
 *       propose: () => ({ tokens: session.tokens.slice(-1), parents: [-1] }),
 *     }),
 *   }),
 * })
 * ```
 */
export interface Strategy {
  readonly specVersion: 1
  /** How the user picks it in `generate({ strategy })`, and how reports call it. Unique within an engine. */
  readonly name: string
  readonly needs?: StrategyNeeds
  /** Once an engine. Throws the plugin's own `OutriderError`. */
  load(host: StrategyHost): Promise<LoadedStrategy>
}

/** Hidden states of the target that are to be kept for every row of every pass. Nothing else is kept. */
export interface StrategyNeeds {
  /** The hidden state after the final normalisation. */
  readonly finalHidden?: boolean
  /** The residual stream *entering* these layers, 0-based; `layers` (their count) is what leaves the last one. */
  readonly layerInputs?: readonly number[]
}

/** What the engine offers a strategy while it loads. */
export interface StrategyHost {
  readonly backend: Backend
  readonly target: TargetModel
  readonly tokenizer: Tokenizer | null
  /** Positions that a session of this engine can hold. */
  readonly capacity: number
  /** Rows of the largest pass, the pending token's included. */
  readonly maxRows: number
  /**
   * Loads another decoder of the same family onto the same backend: a draft model, with its folder's tokenizer (null where it has
   * none). The strategy disposes of the model. Throws what loading throws.
   */
  loadModel(location: ModelLocation): Promise<{ readonly model: DecoderModel; readonly tokenizer: Tokenizer | null }>
  /** Opens a head's tensors as the engine opens its model: same cache, same credentials. The strategy closes them. */
  openTensors(location: ModelLocation): Promise<TensorFiles>
  /**
   * What a verify pass of the target costs on this device, measured when it is first asked for, in less than a second unless more
   * time is given. Not to be asked for while a session's proposer is being called. Throws what the device throws.
   */
  verifyCost(budget?: CostBudget): Promise<CostCurve>
  readonly onProgress?: (progress: LoadProgress) => void
}

/** A local path, a URL or a Hub id (`owner/name`, `owner/name/file.gguf`). */
export type ModelLocation = string

/** A strategy on a device. */
export interface LoadedStrategy {
  /** What its checkpoint turned out to need, besides the strategy's own `needs`. */
  readonly needs?: StrategyNeeds
  /** A proposer for one session. What it allocates is freed by its `dispose`. */
  start(session: SessionView): Proposer
  /** Frees what `load` took. */
  dispose?(): void
}
