import type { ServiceIdentifier } from 'inversify'
import type { NamedStrategy, Turns } from '../decode'
import type { Stepper } from '../decode/stepper'
import type { AcceptanceRule, Backend, DecoderModel, Tokenizer } from '../spec'

/** What holds for every session of an engine. */
export interface EngineLimits {
  /** Committed tokens of one session, prompt and text together. */
  readonly capacity: number
  /** Rows of the largest pass: one pending token and the nodes of a draft. */
  readonly maxRows: number
}

/** A strategy of an engine. */
export interface EngineStrategy extends NamedStrategy {
  /** Hidden states of the target that its sessions keep; those of other strategies keep none of them. */
  readonly keep: readonly ('final' | number)[]
}

function token<T>(name: string): ServiceIdentifier<T> {
  return Symbol.for(`@outrider/core:${name}`)
}

/** What the engine's container holds; a module given to `createEngine` may bind these anew. */
export interface WiringTokens {
  readonly backend: ServiceIdentifier<Backend>
  readonly model: ServiceIdentifier<DecoderModel>
  readonly tokenizer: ServiceIdentifier<Tokenizer | null>
  readonly limits: ServiceIdentifier<EngineLimits>
  readonly turns: ServiceIdentifier<Turns>
  readonly strategies: ServiceIdentifier<readonly EngineStrategy[]>
  /** The rule of requests that name none. */
  readonly defaultRule: ServiceIdentifier<AcceptanceRule>
  /** Session: the request's strategy, null for plain decoding. */
  readonly strategy: ServiceIdentifier<EngineStrategy | null>
  /** Session: the request's rule. */
  readonly rule: ServiceIdentifier<AcceptanceRule>
  /** Session: its decoding loop. */
  readonly stepper: ServiceIdentifier<Stepper>
}

/**
 * What a module given to `createEngine` binds anew.
 *
 * @example
 * ```ts
 * import { type AcceptanceRule, type EngineOptions, tokens } from '@outrider/core'
 * import { ContainerModule } from 'inversify'
 *
 * export const judgedBy = (rule: AcceptanceRule): Pick<EngineOptions, 'modules'> => ({
 *   modules: [new ContainerModule(({ rebind }) => void rebind(tokens.defaultRule).toConstantValue(rule))],
 * })
 * ```
 */
export const tokens: WiringTokens = {
  backend: token('backend'),
  model: token('model'),
  tokenizer: token('tokenizer'),
  limits: token('limits'),
  turns: token('turns'),
  strategies: token('strategies'),
  defaultRule: token('default-rule'),
  strategy: token('strategy'),
  rule: token('rule'),
  stepper: token('stepper'),
}
