import type { Strategy } from '@outrider/core'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'

/** Strategies of every package over the heads below `heads`: chains, static trees, and the tree that EAGLE grows. */
export function strategies(heads: string): readonly Strategy[] {
  return [
    lookup(),
    draftModel({ model: `${heads}/draft`, name: 'draft tree', branches: [2, 2, 1] }),
    eagle({ head: `${heads}/eagle3`, name: 'eagle3 tree', tree: { nodes: 15, depth: 5, topK: 4 } }),
    medusa({ head: `${heads}/medusa`, name: 'medusa' }),
    mtp({ head: `${heads}/mtp`, name: 'mtp', tokens: 3 }),
  ]
}
