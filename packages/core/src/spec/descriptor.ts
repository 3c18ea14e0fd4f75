import type { Strategy } from './strategy'

/** A number that an option may be; bounds are included. */
export interface NumberOption {
  readonly type: 'integer' | 'number'
  readonly description: string
  readonly minimum?: number
  readonly maximum?: number
  /** What is taken where the option is left out. Absent: the strategy decides by its checkpoint, or leaves it off. */
  readonly default?: number
}

/** A word, one of `enum` where that is given; `model-location`: a folder, URL or Hub id of a checkpoint. */
export interface TextOption {
  readonly type: 'string'
  readonly description: string
  readonly enum?: readonly string[]
  readonly format?: 'model-location'
  readonly default?: string
}

/** A list of whole numbers, or of lists of them (paths of ranks). */
export interface ListOption {
  readonly type: 'array'
  readonly description: string
  readonly items: ItemSchema
  readonly minItems?: number
}

/** What a list holds. */
export type ItemSchema =
  | { readonly type: 'integer'; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'array'; readonly items: ItemSchema; readonly minItems?: number }

/** Options within an option. */
export interface GroupOption {
  readonly type: 'object'
  readonly description: string
  readonly properties: Readonly<Record<string, OptionSchema>>
  readonly additionalProperties: false
}

/** What one option may be. */
export type OptionSchema = NumberOption | TextOption | ListOption | GroupOption

/** Names of options, `name` apart, which every strategy takes; any, where nothing is known of them. */
export type OptionName<Options extends object> = [keyof Options] extends [never]
  ? string
  : Exclude<keyof Options, 'name'> & string

/** What a strategy's options may be: JSON Schema, read by any validator. */
export interface OptionsSchema<Options extends object = object> {
  readonly type: 'object'
  readonly properties: { readonly [option in OptionName<Options>]: OptionSchema }
  readonly required?: readonly OptionName<Options>[]
  /** At most one option of each of these groups may be given: they say the same thing in different ways. */
  readonly atMostOneOf?: readonly (readonly OptionName<Options>[])[]
  readonly additionalProperties: false
}

/**
 * What a strategy is and what it can be told, as data: command lines, pages and servers read from it which options there are, and make
 * the strategy without knowing it. A package exports one beside each factory.
 *
 * @example
 * ```ts
 * import type { Strategy, StrategyDescriptor } from '@outrider/core'
 *
 * declare function echo(options?: { readonly name?: string; readonly tokens?: number }): Strategy
 *
 * /** Describes `echo`. *\/
 * export const echoDescriptor: StrategyDescriptor<{ readonly name?: string; readonly tokens?: number }> = {
 *   name: 'echo',
 *   description: 'Proposes that the last token comes again.',
 *   options: {
 *     type: 'object',
 *     properties: { tokens: { type: 'integer', description: 'How often.', minimum: 1, default: 1 } },
 *     additionalProperties: false,
 *   },
 *   create: echo,
 * }
 * ```
 */
export interface StrategyDescriptor<Options extends object = object> {
  /** The strategy's name where its options give none. */
  readonly name: string
  /** One sentence on how it drafts. */
  readonly description: string
  readonly options: OptionsSchema<Options>
  /** Makes the strategy; `name` may be among the options. What the schema cannot say is refused here: throws `INVALID_OPTION`. */
  create(options: Options): Strategy
}

/** As `StrategyDescriptor`, of a strategy that is made of others. */
export interface CompositionDescriptor<Options extends object = object>
  extends Omit<StrategyDescriptor<Options>, 'create'> {
  /** Fewest and most strategies that it is made of. */
  readonly parts: { readonly minimum: number; readonly maximum: number }
  /** Makes the strategy of `parts`. Throws `INVALID_OPTION`, `STRATEGY_DUPLICATE`. */
  create(options: Options, parts: readonly Strategy[]): Strategy
}
