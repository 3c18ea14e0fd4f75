import { adaptive, firstOf, merged, OutriderError, type Strategy } from '@outrider/core'
import { draftModel, earlyExit, lookup, suffix } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'
import { SpecOptions } from './spec-options'
import type { StrategySpec } from './strategy-spec'
import { UsageError } from './usage-error'

/** What a word of the command line makes. */
interface Kind {
  readonly options: readonly string[]
  /** Fewest and most strategies in parentheses. */
  readonly parts?: readonly [number, number]
  make(given: {
    readonly options: SpecOptions
    readonly parts: readonly Strategy[]
    /** Where a checkpoint lies: `head=…`, else the folder of that name among the heads. */
    readonly head: (folder: string) => string
  }): Strategy
}

const many: readonly [number, number] = [2, 9]

/** EAGLE heads differ in their folder only: the checkpoint says which version it is. */
const eagleKind = (folder: string): Kind => ({
  options: ['tokens', 'branches', 'nodes', 'depth', 'topK', 'head'],
  make: ({ options, head }) => {
    const tree = options.numbers('nodes', 'depth', 'topK')
    return eagle({
      head: head(folder),
      ...options.numbers('tokens'),
      ...options.branches(),
      ...(Object.keys(tree).length > 0 && { tree }),
    })
  },
})

const kinds: Readonly<Record<string, Kind>> = {
  lookup: {
    options: ['tokens', 'minNgram', 'maxNgram', 'on'],
    make: ({ options }) => {
      const on = options.text('on')
      const place = on === undefined ? {} : { on: on as 'device' | 'host' }
      return lookup({ ...options.numbers('tokens', 'minNgram', 'maxNgram'), ...place })
    },
  },
  suffix: {
    options: ['nodes', 'depth', 'factor', 'minProbability'],
    make: ({ options }) => suffix(options.numbers('nodes', 'depth', 'factor', 'minProbability')),
  },
  draft: {
    options: ['tokens', 'branches', 'head'],
    make: ({ options, head }) =>
      draftModel({ model: head('draft'), ...options.numbers('tokens'), ...options.branches() }),
  },
  eagle3: eagleKind('eagle3'),
  eagle1: eagleKind('eagle1'),
  medusa: {
    options: ['tokens', 'nodes', 'grown', 'depth', 'topK', 'head'],
    make: ({ options, head }) => {
      const { grown, ...growth } = options.numbers('grown', 'depth', 'topK')
      const tree = grown === undefined ? growth : { ...growth, nodes: grown }
      return medusa({
        head: head('medusa'),
        ...options.numbers('tokens', 'nodes'),
        ...(Object.keys(tree).length > 0 && { tree }),
      })
    },
  },
  mtp: {
    options: ['tokens', 'branches', 'modules', 'head'],
    make: ({ options, head }) =>
      mtp({ head: head('mtp'), ...options.numbers('tokens', 'modules'), ...options.branches() }),
  },
  earlyExit: {
    options: ['layer', 'tokens', 'branches'],
    make: ({ options }) => {
      const { layer, tokens } = options.numbers('layer', 'tokens')
      if (layer === undefined)
        throw new UsageError('earlyExit needs layer, how many of the layers draft: earlyExit:layer=4')
      return earlyExit({ layer, ...(tokens !== undefined && { tokens }), ...options.branches() })
    },
  },
  firstOf: { options: [], parts: many, make: ({ parts }) => firstOf(...parts) },
  merged: { options: [], parts: many, make: ({ parts }) => merged(...parts) },
  adaptive: {
    options: ['draftCost', 'trees'],
    parts: [1, 1],
    make: ({ parts, options }) => {
      const trees = options.text('trees')
      const named = trees === undefined ? {} : { trees: trees as 'measured' | 'own' }
      return adaptive(parts[0] as Strategy, { ...options.numbers('draftCost'), ...named })
    },
  },
}

/** Words that need a folder of their name among the heads. */
export const heads: readonly string[] = ['eagle3', 'eagle1', 'medusa', 'mtp', 'draft']

/**
 * Makes the strategy of an expression, under the expression as its name. `headsAt`: folder, URL or Hub id with the folders of
 * heads; null where none is known. Throws `UsageError`.
 */
export function buildStrategy(spec: StrategySpec, headsAt: string | null): Strategy {
  const kind = kinds[spec.name]
  if (!kind) throw new UsageError(`no strategy "${spec.name}": choose of plain, ${Object.keys(kinds).join(', ')}`)
  const unknown = [...spec.options.keys()].filter((name) => !kind.options.includes(name))
  if (unknown.length > 0)
    throw new UsageError(
      `${spec.name} has no option ${unknown.join(', ')}: it has ${kind.options.join(', ') || 'none'}`,
    )
  checkParts(spec, kind.parts ?? [0, 0])
  const options = new SpecOptions(spec)
  const head = (folder: string): string => {
    const own = options.text('head')
    if (own !== undefined) return own
    if (headsAt === null) throw new UsageError(`${spec.name} needs --heads, the folder that has ${folder}/ in it`)
    return `${headsAt}/${folder}`
  }
  const parts = spec.parts.map((part) => buildStrategy(part, headsAt))
  try {
    return { ...kind.make({ options, parts, head }), name: spec.text }
  } catch (error) {
    if (OutriderError.is(error)) throw new UsageError(`${spec.text}: ${error.message}`)
    throw error
  }
}

function checkParts({ name, parts }: StrategySpec, [least, most]: readonly [number, number]): void {
  if (parts.length >= least && parts.length <= most) return
  if (most === 0) throw new UsageError(`${name} takes no strategies in parentheses`)
  const count = least === most ? `one strategy` : `${least} to ${most} strategies`
  throw new UsageError(
    `${name} takes ${count} in parentheses, as in ${name}(${least === 1 ? 'eagle3' : 'lookup,eagle3'})`,
  )
}
