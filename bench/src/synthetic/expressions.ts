import { adaptive, type Strategy } from '@outrider/core'
import { SpecOptions } from '../../../examples/02-compare/spec-options'
import { buildStrategy } from '../../../examples/02-compare/strategy-build'
import { parseStrategies, type StrategySpec } from '../../../examples/02-compare/strategy-spec'
import type { KnownTexts } from './known-texts'
import { synthetic } from './synthetic'

/** A strategy that an expression names, with what is known of it. */
export interface NamedDrafter {
  readonly strategy: Strategy
  /** Of a synthetic drafter: its p and the length of its chains. */
  readonly known: { readonly p: number; readonly tokens: number } | null
}

type Make = (spec: StrategySpec, texts: KnownTexts, heads: string | null) => NamedDrafter

const syntheticKind =
  (onDevice: boolean): Make =>
  (spec, texts) => {
    const { p = 0.8, tokens = 5, seed = 1 } = new SpecOptions(spec).numbers('p', 'tokens', 'seed')
    return { strategy: synthetic(texts, { name: spec.text, p, tokens, seed, onDevice }), known: { p, tokens } }
  }

/** What expressions can name here besides what `pnpm compare` knows. */
const kinds: Readonly<Record<string, Make>> = {
  synthetic: syntheticKind(false),
  syntheticDevice: syntheticKind(true),
  adaptive: (spec, texts, heads) => {
    const [part] = spec.parts
    if (!part) throw new Error(`${spec.text}: adaptive takes one strategy in parentheses`)
    const { strategy } = drafterOf(part, texts, heads)
    return {
      strategy: { ...adaptive(strategy, new SpecOptions(spec).numbers('draftCost')), name: spec.text },
      known: null,
    }
  },
}

/** The strategies of a list of expressions; `plain` is one of every engine and makes none. */
export function drafters(list: string, texts: KnownTexts, heads: string | null): readonly NamedDrafter[] {
  return parseStrategies(list)
    .filter(({ name }) => name !== 'plain')
    .map((spec) => drafterOf(spec, texts, heads))
}

function drafterOf(spec: StrategySpec, texts: KnownTexts, heads: string | null): NamedDrafter {
  const make = kinds[spec.name]
  return make ? make(spec, texts, heads) : { strategy: buildStrategy(spec, heads), known: null }
}
