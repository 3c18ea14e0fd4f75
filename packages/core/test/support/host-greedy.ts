import type { AcceptanceRule } from '@outrider/core'

/** Accept-iff-equal on the host: keeps what equals the largest logit. */
export const hostGreedy: AcceptanceRule = {
  specVersion: 1,
  name: 'host-greedy',
  guarantee: 'same-tokens',
  host: {
    decide: ({ tree, logits }) => {
      const best = (row: number) =>
        logits(row).reduce((top, value, id, all) => (value > (all[top] as number) ? id : top), 0)
      const path: number[] = []
      for (;;) {
        const last = path.at(-1) ?? -1
        const next = best(last + 1)
        const child = tree.tokens.findIndex((token, node) => token === next && tree.parents[node] === last)
        if (child < 0) return { path, next }
        path.push(child)
      }
    },
  },
}
