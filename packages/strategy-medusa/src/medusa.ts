import { OutriderError, Owned, type RankPaths, type Strategy, type TensorFiles, uniformPaths } from '@outrider/core'
import { MedusaHeads } from './heads'
import { headNames } from './layouts'
import { draftShape, type MedusaOptions, type Shape } from './options'
import { type Drafted, MedusaProposer } from './proposer'
import { readHeads } from './weights'

/**
 * Speculative decoding with Medusa heads (Cai et al. 2024, arXiv 2401.10774): small heads on the target's last hidden state, one a
 * position ahead, whose choices make a chain, a static tree or one that grows where they are sure. Checkpoints in FasterDecoding's layout and in vLLM's.
 * Throws `INVALID_OPTION`; at load also `UNSUPPORTED_ARCHITECTURE`, `TENSOR_MISSING`, `TENSOR_SHAPE`, `VOCABULARY_MISMATCH`, and
 * what opening files throws.
 *
 * @example
 * ```ts
 * import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
 *
 * const chain = medusa({ head: './models/stories-5m/medusa' })
 * const tree = medusa({ head: './models/stories-5m/medusa', name: 'medusa-tree', choices: mcSim7b63 })
 * const grown = medusa({ head: './models/stories-5m/medusa', name: 'medusa-grown', tree: { nodes: 15 } })
 * ```
 */
export function medusa(options: MedusaOptions): Strategy {
  const shape = draftShape(options)
  return {
    specVersion: 1,
    name: options.name ?? 'medusa',
    needs: { finalHidden: true },
    load: async (host) => {
      const files = await host.openTensors(options.head)
      const owned = new Owned()
      try {
        const names = headNames(files)
        const drafted = fitting(shape, names.heads, options, files)
        const count = 'growth' in drafted ? drafted.growth.depth : longest(drafted.paths)
        const heads = new MedusaHeads(host.backend, owned, await readHeads(host, files, owned, { names, count }))
        if ('paths' in drafted) checkRanks(drafted.paths, heads, files)
        return { start: (session) => new MedusaProposer(session, heads, drafted), dispose: () => owned.dispose() }
      } catch (error) {
        owned.dispose()
        throw error
      } finally {
        await files.close()
      }
    },
  }
}

/** What so many heads can draft: all of a chain, or else it was asked for more than there is. */
function fitting(
  { growth, paths }: Shape,
  heads: number,
  { tokens }: MedusaOptions,
  { location }: TensorFiles,
): Drafted {
  if (growth) return { growth: { ...growth, depth: Math.min(growth.depth, heads) } }
  if (tokens !== undefined && tokens > heads)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: ${tokens} tokens need as many heads, but ${location} has ${heads}`,
    )
  const all = paths ?? uniformPaths(new Array<number>(heads).fill(1), 'medusa')
  return { paths: all.filter(({ length }) => length <= heads) }
}

function longest(paths: RankPaths): number {
  return paths.reduce((most, { length }) => Math.max(most, length), 0)
}

function checkRanks(paths: RankPaths, { weights }: MedusaHeads, { location }: TensorFiles): void {
  const { vocab } = weights.lm
  const rank = paths.flat().find((each) => each >= vocab)
  if (rank !== undefined)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: there is no choice of rank ${rank} among the ${vocab} of ${location}`,
    )
}
