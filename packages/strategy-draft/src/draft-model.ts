import type { Strategy } from '@outrider/core'
import { checkFirstLevel, type DraftModelOptions, levels } from './options'
import { DraftModelProposer } from './proposer'
import { checkVocabulary } from './vocabulary'

/**
 * Speculative decoding with a smaller model of the same vocabulary (Leviathan et al. 2022, arXiv 2211.17192): it drafts a chain
 * or, with `branches`, a tree, all on the device. Throws `INVALID_OPTION`; at load `VOCABULARY_MISMATCH` and what loading throws.
 *
 * @example
 * ```ts
 * import { draftModel } from '@outrider/strategy-draft'
 *
 * const chain = draftModel({ model: './models/stories-5m/draft', tokens: 4 })
 * const tree = draftModel({ model: './models/stories-5m/draft', name: 'draft-tree', branches: [3, 2, 1] })
 * ```
 */
export function draftModel(options: DraftModelOptions): Strategy {
  const children = levels(options, 'draftModel')
  return {
    specVersion: 1,
    name: options.name ?? 'draft-model',
    load: async (host) => {
      checkFirstLevel(children, host.maxRows, 'draftModel')
      const { model, tokenizer } = await host.loadModel(options.model)
      try {
        const target = { model: host.target.config, tokenizer: host.tokenizer }
        checkVocabulary({ model: model.config, tokenizer }, target, options.model)
      } catch (error) {
        model.dispose()
        throw error
      }
      return {
        start: (session) => new DraftModelProposer(session, model, children),
        dispose: () => model.dispose(),
      }
    },
  }
}
