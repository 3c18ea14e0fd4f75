import { Owned } from '../owned'
import type { AcceptanceRule, DrawnRows, Tensor } from '../spec'
import { rejectionWalk } from './rejection-walk'
import { ROW_MASSES } from './row-masses.wgsl'

/**
 * Rejection sampling: a drafted token is kept with min(1, p / q); where it is refused, the next sibling is judged by what p has beyond
 * q, and what follows is drawn from what is left of p in the end. A chain is Leviathan et al. 2022 (arXiv 2211.17192) and Chen et al.
 * 2023, a tree the recursive rule without replacement (Sequoia, arXiv 2402.12374). A draft that does not say what it was drawn from
 * (`HostDraft.q`, `DeviceDraft.q`) counts as a point mass: a token is kept with p. Draws have the target's distribution; with one seed
 * the text is not that of plain decoding, but repeats on a device. It decides on the device, in the round's one submission.
 *
 * @example
 * ```ts
 * import { type Engine, rejection } from '@outrider/core'
 *
 * const poem = (engine: Engine) =>
 *   engine.complete('A poem:', { strategy: 'draft', acceptance: rejection, temperature: 0.8, seed: 1, maxTokens: 64 })
 * ```
 */
export const rejection: AcceptanceRule = {
  specVersion: 1,
  name: 'rejection',
  guarantee: 'same-distribution',
  wantsQ: true,
  device: {
    start: (backend, maxRows) => {
      const owned = new Owned()
      const masses = owned.add(backend.tensor([maxRows, ROW_MASSES.words], 'u32', 'row masses'))
      let scratch: Tensor | null = null
      return {
        record: (ops, { logits, vocab, pass, sampling, outcome, q }) => {
          const { logits: drawn, said } = q as DrawnRows
          const { rows, tokens, index } = pass
          const { params } = sampling
          scratch ??= owned.add(backend.tensor([3, vocab], 'f32', 'what is left of p and q'))
          const lane = { lanes: 1, rows, vocab, params, tokens, index, logits, drawn, said, masses, scratch, outcome }
          rejectionWalk(ops, lane)
        },
        dispose: () => owned.dispose(),
      }
    },
  },
}
