import { Owned } from '../owned'
import type { AcceptanceRule } from '../spec'

/**
 * Accept-iff-equal: a draft token is kept where it equals the token that plain decoding chooses at its place, so the text is
 * that of plain decoding whatever was drafted (drafter-invariant verification, arXiv 2408.07978; greedy is its T = 0).
 *
 * @example
 * ```ts
 * import { exact } from '@outrider/core'
 *
 * console.log(exact.guarantee) // same-tokens
 * ```
 */
export const exact: AcceptanceRule = {
  specVersion: 1,
  name: 'exact',
  guarantee: 'same-tokens',
  device: {
    start: (backend, maxRows) => {
      const owned = new Owned()
      const choices = owned.add(backend.tensor([maxRows], 'u32', 'choices'))
      return {
        record: (ops, { logits, vocab, pass, sampling, outcome }) => {
          ops.sample({ logits, vocab, pass, sampling, out: choices })
          ops.walkTree({ pass, choices, outcome })
        },
        dispose: () => owned.dispose(),
      }
    },
  },
}
