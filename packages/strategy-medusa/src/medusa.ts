import { OutriderError, Owned, type RankPaths, type Strategy, type TensorFiles, uniformPaths } from '@outrider/core'
import { MedusaHeads } from './heads'
import { headNames } from './layouts'
import { type MedusaOptions, plannedPaths } from './options'
import { MedusaProposer } from './proposer'
import { readHeads } from './weights'

/**
 * Speculative decoding with Medusa heads (Cai et al. 2024, arXiv 2401.10774): small heads on the target's last hidden state, one a
 * position ahead, whose choices make a chain or a static tree. Checkpoints in FasterDecoding's layout and in vLLM's.
 * Throws `INVALID_OPTION`; at load also `UNSUPPORTED_ARCHITECTURE`, `TENSOR_MISSING`, `TENSOR_SHAPE`, `VOCABULARY_MISMATCH`, and
 * what opening files throws.
 *
 * @example
 * ```ts
 * import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
 *
 * const chain = medusa({ head: './models/stories-5m/medusa' })
 * const tree = medusa({ head: './models/stories-5m/medusa', name: 'medusa-tree', choices: mcSim7b63 })
 * ```
 */
export function medusa(options: MedusaOptions): Strategy {
  const planned = plannedPaths(options)
  return {
    specVersion: 1,
    name: options.name ?? 'medusa',
    needs: { finalHidden: true },
    load: async (host) => {
      const files = await host.openTensors(options.head)
      const owned = new Owned()
      try {
        const names = headNames(files)
        const paths = fitting(
          planned ?? uniformPaths(new Array<number>(names.heads).fill(1), 'medusa'),
          names.heads,
          options,
          files,
        )
        const count = paths.reduce((most, { length }) => Math.max(most, length), 0)
        const heads = new MedusaHeads(host.backend, owned, await readHeads(host, files, owned, { names, count }))
        checkRanks(paths, heads, files)
        return { start: (session) => new MedusaProposer(session, heads, paths), dispose: () => owned.dispose() }
      } catch (error) {
        owned.dispose()
        throw error
      } finally {
        await files.close()
      }
    },
  }
}

/** The paths that so many heads can draft: all of a chain's, or else it was asked for more than there is. */
function fitting(paths: RankPaths, heads: number, { tokens }: MedusaOptions, { location }: TensorFiles): RankPaths {
  if (tokens !== undefined && tokens > heads)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: ${tokens} tokens need as many heads, but ${location} has ${heads}`,
    )
  return paths.filter(({ length }) => length <= heads)
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
