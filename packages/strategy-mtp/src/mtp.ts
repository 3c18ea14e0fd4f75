import {
  FeatureProposer,
  type LoadedStrategy,
  Owned,
  type RankPaths,
  StaticDrafter,
  type Strategy,
  type StrategyHost,
  staticTree,
} from '@outrider/core'
import { MAX_PATH } from '@outrider/core/spec'
import { DepthProposer } from './depth-proposer'
import { findModules } from './layouts'
import { MtpModules } from './module'
import { ModuleFiles } from './module-files'
import { OneModule } from './one-module'
import { chainPaths, type MtpOptions, plannedPaths } from './options'
import { checkPlan, usedModules } from './plan'
import { type TargetState, targetState } from './target-state'
import { TrunkHeads } from './trunk-heads'
import { TrunkProposer } from './trunk-proposer'
import { type ModuleWeights, readModules } from './weights'

/**
 * Speculative decoding with multi-token prediction modules, trained with the target (DeepSeek-V3, arXiv 2412.19437; Gloeckle et al.
 * 2024, arXiv 2404.19737). The layouts of DeepSeek-V3, GLM-4.5, MiMo, Qwen3-Next and of Meta's independent heads, with a dense Llama
 * layer. One module drafts as many tokens as are wanted, on its own states; several draft one token each.
 * Throws `INVALID_OPTION`; at load `UNSUPPORTED_ARCHITECTURE` (no module, a mixture of experts), `UNSUPPORTED_CONFIG`,
 * `TENSOR_MISSING`, `TENSOR_SHAPE`, `VOCABULARY_MISMATCH`, and what opening files throws.
 *
 * @example
 * ```ts
 * import { mtp } from '@outrider/strategy-mtp'
 *
 * const chain = mtp({ head: './models/stories-5m/mtp', tokens: 4 })
 * const tree = mtp({ head: './models/stories-5m/mtp', name: 'mtp-tree', branches: [3, 2, 1] })
 * ```
 */
export function mtp(options: MtpOptions): Strategy {
  const planned = plannedPaths(options)
  return { specVersion: 1, name: options.name ?? 'mtp', load: (host) => load(host, options, planned) }
}

async function load(host: StrategyHost, options: MtpOptions, planned: RankPaths | null): Promise<LoadedStrategy> {
  const opened = await host.openTensors(options.head)
  const owned = new Owned()
  try {
    const found = findModules(opened)
    const { layout } = found
    const modules = usedModules(found, host.target.config, options, opened.location)
    const paths = planned ?? chainPaths(layout.fed !== 'trunk' && modules.length === 1 ? 3 : modules.length)
    checkPlan(paths, { layout, modules: modules.length, vocab: host.target.config.vocab }, options)
    const files = new ModuleFiles(opened, layout, modules)
    const weights = await readModules(host, files, owned, { layout, modules })
    const reads = targetState(options.fed ?? layout.fed, host.target.config.layers)
    const needs = reads === 'final' ? { finalHidden: true } : { layerInputs: reads }
    const start = starter(host, { weights, reads, paths, recycled: options.recycled ?? layout.recycled }, owned)
    return { needs, start, dispose: () => owned.dispose() }
  } catch (error) {
    owned.dispose()
    throw error
  } finally {
    await opened.close()
  }
}

/** Rows that trees which a budget names may choose from at once. */
const namedRows = 8

/** What one session starts with: heads on the trunk, one module for all tokens, or one a token. */
function starter(
  host: StrategyHost,
  parts: { weights: ModuleWeights; reads: TargetState; paths: RankPaths; recycled: 'normed' | 'stream' },
  owned: Owned,
): LoadedStrategy['start'] {
  const { backend, maxRows } = host
  const { weights, reads, paths, recycled } = parts
  if (weights.layout.fed === 'trunk') {
    const heads = new TrunkHeads(backend, weights, host.target, maxRows, owned)
    const fitting = paths.filter(({ length }) => length <= weights.modules.length)
    return (session) => new TrunkProposer(session, heads, reads, fitting)
  }
  const { levels } = staticTree(paths, paths.length, MAX_PATH)
  const named = weights.modules.length > 1 ? 1 : Math.min(namedRows, maxRows)
  const choices = levels.reduce((most, { expand }) => Math.max(most, expand), named)
  const size = { rows: Math.max(maxRows, choices), choices }
  const modules = new MtpModules(backend, weights, recycled, size, owned)
  if (weights.modules.length > 1) return (session) => new DepthProposer(session, modules, reads, paths.length)
  const head = new OneModule(modules, reads)
  return (session) => new FeatureProposer(session, head, new StaticDrafter(session, head, paths))
}
