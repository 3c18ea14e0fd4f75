import {
  type Drafter,
  FeatureProposer,
  type LoadedStrategy,
  Owned,
  type SessionView,
  StaticDrafter,
  type Strategy,
  type StrategyHost,
  staticTree,
} from '@outrider/core'
import { DynamicDrafter } from './dynamic-drafter'
import { EagleHead } from './head'
import { headConfig } from './head-config'
import { HeadFiles } from './head-files'
import { checkLayerOptions, draftShape, type EagleOptions, type Shape } from './options'
import { loadHead } from './weights'

/**
 * Speculative decoding with an EAGLE head: a decoder layer that goes on from the target's own hidden states. EAGLE-1 (Li et al.
 * 2024, arXiv 2401.15077), EAGLE-2's dynamic trees (2406.16858, the same checkpoints), EAGLE-3 (2503.01840) and 3.1 (2605.09992).
 * Throws `INVALID_OPTION`; at load `TENSOR_MISSING`, `TENSOR_SHAPE` (also for the head of another target), `VOCABULARY_MISMATCH`,
 * `UNSUPPORTED_ARCHITECTURE` (a mixture of experts), `UNSUPPORTED_CONFIG` and what opening files throws.
 *
 * @example
 * ```ts
 * import { eagle } from '@outrider/strategy-eagle'
 *
 * const head = './models/stories-5m/eagle3'
 * const chain = eagle({ head, tokens: 4 })
 * const bushy = eagle({ head, name: 'eagle-static', branches: [3, 2, 1] })
 * const grown = eagle({ head, name: 'eagle-tree', tree: { depth: 5, topK: 4, nodes: 15 } })
 * ```
 */
export function eagle(options: EagleOptions): Strategy {
  const shape = draftShape(options)
  checkLayerOptions(options)
  return { specVersion: 1, name: options.name ?? 'eagle', load: (host) => load(host, options, shape) }
}

async function load(host: StrategyHost, options: EagleOptions, shape: Shape): Promise<LoadedStrategy> {
  const owned = new Owned()
  const files = new HeadFiles(await host.openTensors(options.head))
  try {
    const config = headConfig(files, host.target.config, options)
    const weights = await loadHead(files, config, host, options, owned)
    const { rows, choices } = sizes(shape, host.maxRows)
    const head = new EagleHead(host.backend, config, weights, { rows: Math.max(host.maxRows, choices), choices }, owned)
    return {
      needs: config.features === 'final' ? { finalHidden: true } : { layerInputs: config.features },
      start: (session) => new FeatureProposer(session, head, drafter(session, head, shape), rows),
      dispose: () => owned.dispose(),
    }
  } catch (error) {
    owned.dispose()
    throw error
  } finally {
    await files.close()
  }
}

function drafter(session: SessionView, head: EagleHead, shape: Shape): Drafter {
  return shape.grow ? new DynamicDrafter(session, head, shape.grow) : new StaticDrafter(session, head, shape.paths)
}

/** Rows that trees which a budget names may choose from at once. */
const namedRows = 8

/** Provisional rows of the largest draft, and rows of its largest choice. */
function sizes({ paths, grow }: Shape, maxRows: number): { rows: number; choices: number } {
  if (grow) return { rows: 1 + grow.depth * grow.topK, choices: grow.topK }
  const { levels } = staticTree(paths, maxRows - 1, maxRows - 1)
  const choices = levels.reduce((most, { expand }) => Math.max(most, expand), Math.min(namedRows, maxRows))
  return { rows: maxRows, choices }
}
