import { OutriderError, type Strategy } from '@outrider/core'
import { compositions, locationsOf, strategies } from './catalogue'

/** A strategy as it is chosen: plain JSON. `plain` is no drafting at all. */
export interface StrategyChoice {
  /** Name of its descriptor, or `plain`. */
  readonly strategy: string
  readonly options: Readonly<Record<string, unknown>>
  /** What a composition is made of. */
  readonly parts: readonly StrategyChoice[]
}

/** Plain decoding. */
export const plain: StrategyChoice = { strategy: 'plain', options: {}, parts: [] }

/** How a choice is called in the engine, in texts and in reports: one name for one choice. */
export function labelOf({ strategy, options, parts }: StrategyChoice): string {
  const descriptor = strategies.find(({ name }) => name === strategy)
  const places = descriptor ? locationsOf(descriptor) : []
  const checkpoints = places.flatMap((option) => (options[option] === undefined ? [] : [String(options[option])]))
  // A checkpoint that is called as its strategy says it all: `eagle3`.
  const named = checkpoints[0]?.startsWith(strategy) && !checkpoints[0].includes('/')
  const given = Object.entries(options).flatMap(([name, value]) => (places.includes(name) ? [] : words(name, value)))
  const inner = parts.length > 0 ? `(${parts.map(labelOf).join(', ')})` : ''
  return [...(named ? [] : [strategy + inner]), ...checkpoints, ...given].join(' ')
}

/** `nodes=15`; options within an option without its name. */
function words(name: string, value: unknown): readonly string[] {
  if (value === undefined) return []
  if (Array.isArray(value))
    return [`${name}=${value.map((each) => (Array.isArray(each) ? each.join('.') : each)).join()}`]
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).flatMap(([key, each]) => words(key, each))
    return inner.length > 0 ? inner : [name]
  }
  return [`${name}=${value}`]
}

/**
 * Makes the strategy of a choice under its label; `locate` finds a checkpoint that is named as a part of the model. Throws what its
 * descriptor throws, `STRATEGY_UNKNOWN`.
 */
export function buildStrategy(choice: StrategyChoice, locate: (location: string) => string): Strategy {
  const name = labelOf(choice)
  const descriptor = strategies.find((each) => each.name === choice.strategy)
  if (descriptor) {
    const places = locationsOf(descriptor).flatMap((option) => {
      const location = choice.options[option]
      return typeof location === 'string' ? [[option, locate(location)]] : []
    })
    return descriptor.create({ ...choice.options, ...Object.fromEntries(places), name })
  }
  const composition = compositions.find((each) => each.name === choice.strategy)
  if (!composition)
    throw new OutriderError('STRATEGY_UNKNOWN', `there is no strategy "${choice.strategy}": choose one of the list`)
  const parts = choice.parts.map((part) => buildStrategy(part, locate))
  return composition.create({ ...choice.options, name }, parts)
}

/** A choice from JSON of whatever source, or null where it is none. */
export function readChoice(value: unknown): StrategyChoice | null {
  if (typeof value !== 'object' || value === null) return null
  const { strategy, options = {}, parts = [] } = value as Partial<Record<keyof StrategyChoice, unknown>>
  const known = strategy === 'plain' || [...strategies, ...compositions].some(({ name }) => name === strategy)
  if (!known || typeof options !== 'object' || options === null || Array.isArray(options)) return null
  if (!Array.isArray(parts)) return null
  const read = parts.map(readChoice)
  if (read.some((part) => part === null)) return null
  return {
    strategy: strategy as string,
    options: options as StrategyChoice['options'],
    parts: read as readonly StrategyChoice[],
  }
}

/** Labels of the strategies that draft: the choice itself, or what a composition is made of. */
export function draftersOf(choice: StrategyChoice): readonly string[] {
  if (choice.strategy === 'plain') return []
  return choice.parts.length > 0 ? choice.parts.flatMap(draftersOf) : [labelOf(choice)]
}
