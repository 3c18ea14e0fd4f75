import { ContainerModule } from 'inversify'
import { exact } from '../accept'
import { Stepper, type Turns } from '../decode'
import type { AcceptanceRule, Backend, DecoderModel, Tokenizer } from '../spec'
import { type EngineLimits, type EngineStrategy, tokens } from './tokens'

/** What `createEngine` has loaded before the container is filled: nothing asynchronous is resolved by it. */
export interface EngineParts {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly tokenizer: Tokenizer | null
  readonly limits: EngineLimits
  readonly turns: Turns
  readonly strategies: readonly EngineStrategy[]
}

/** Bindings of an engine. */
export function engineModule(parts: EngineParts): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(tokens.backend).toConstantValue(parts.backend)
    bind(tokens.model).toConstantValue(parts.model)
    bind(tokens.tokenizer).toConstantValue(parts.tokenizer)
    bind(tokens.limits).toConstantValue(parts.limits)
    bind(tokens.strategies).toConstantValue(parts.strategies)
    bind(tokens.turns).toConstantValue(parts.turns)
    bind(tokens.defaultRule).toConstantValue(exact)
  })
}

/** Bindings of one session, loaded into a child container afresh. */
export function sessionModule(strategy: EngineStrategy | null, rule: AcceptanceRule, timed: boolean): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(tokens.strategy).toConstantValue(strategy)
    bind(tokens.rule).toConstantValue(rule)
    bind(tokens.stepper)
      .toResolvedValue(
        (backend, model, limits, turns, chosen, judge) =>
          new Stepper({
            backend,
            model,
            turns,
            rule: judge,
            strategy: chosen,
            keep: chosen?.keep ?? [],
            timed,
            ...limits,
          }),
        [tokens.backend, tokens.model, tokens.limits, tokens.turns, tokens.strategy, tokens.rule],
      )
      .inSingletonScope()
  })
}
