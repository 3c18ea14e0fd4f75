import type { GenerateOptions } from '@outrider/core'

/** Temperatures of the matrix. */
export const temperatures: readonly number[] = [0, 0.7, 1.3]

/** What is sampled with, besides a temperature. */
export const filters: Readonly<Record<string, GenerateOptions>> = {
  plain: {},
  'top-p': { topP: 0.9 },
  'min-p': { minP: 0.05 },
  penalties: { repetitionPenalty: 1.2, presencePenalty: 0.3, frequencyPenalty: 0.2 },
}

/** Seeds of the matrix. */
export const seeds: readonly number[] = [1, 2, 3]

/** Strategies of `everyStrategy` as chain and tree, by what drafts. */
const families: Readonly<Record<string, readonly [chain: string, tree: string]>> = {
  lookup: ['lookup', 'suffix tree'],
  'draft model': ['draft chain', 'draft tree'],
  'early exit': ['early exit chain', 'early exit tree'],
  eagle: ['eagle1 chain', 'eagle3 dynamic'],
  medusa: ['medusa chain', 'medusa dynamic'],
  mtp: ['mtp chain', 'mtp tree'],
}

/** One run of the matrix. */
export interface SampledRun {
  readonly family: string
  readonly strategy: string
  readonly shape: 'chain' | 'tree'
  readonly temperature: number
  readonly filter: string
  readonly seed: number
}

/** 24 runs in which any two values of family, shape, temperature, filter and seed meet. */
export function pairwiseRuns(): readonly SampledRun[] {
  return Object.entries(families).flatMap(([family, strategies], f) =>
    Object.keys(filters).map((filter, k) => {
      const tree = (f + k) % 2
      return {
        family,
        strategy: strategies[tree] as string,
        shape: (['chain', 'tree'] as const)[tree] as 'chain' | 'tree',
        temperature: temperatures[(f + k) % 3] as number,
        filter,
        seed: seeds[(f + 2 * k) % 3] as number,
      }
    }),
  )
}

/** The options of a run. */
export function optionsOf({
  temperature,
  filter,
  seed,
}: Omit<SampledRun, 'family' | 'strategy' | 'shape'>): GenerateOptions {
  return { ...filters[filter], temperature, seed }
}

/** The filter of each family's run on a device where every run costs much; every temperature, filter and shape is among them. */
const deviceFilters: Readonly<Record<string, string>> = {
  lookup: 'plain',
  'draft model': 'top-p',
  'early exit': 'penalties',
  eagle: 'min-p',
  medusa: 'plain',
  mtp: 'min-p',
}

/** Whether a run is for the device, one of each family; the others are for the reference backend. */
export function onDevice({ family, filter }: SampledRun): boolean {
  return deviceFilters[family] === filter
}
