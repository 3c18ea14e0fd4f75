import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { firstOf, type Strategy } from '@outrider/core'
import { draftModel, lookup, suffix } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'

/** A static tree of 15 nodes. */
const branches = [3, 2, 1]

/** Every strategy, as chain and as tree, over the heads in the folders of `root` that are there. */
export function everyStrategy(root: string): readonly Strategy[] {
  const head = (name: string) => join(root, name)
  const has = (name: string) => existsSync(head(name))
  const draft = head('draft')
  return [
    lookup(),
    suffix(),
    suffix({ name: 'suffix tree', nodes: 15 }),
    draftModel({ model: draft, name: 'draft chain' }),
    draftModel({ model: draft, name: 'draft tree', branches }),
    { ...firstOf(lookup({ minNgram: 3 }), draftModel({ model: draft })), name: 'lookup or draft' },
    ...['eagle3', 'eagle1']
      .filter(has)
      .flatMap((name) => [
        eagle({ head: head(name), name: `${name} chain` }),
        eagle({ head: head(name), name: `${name} tree`, branches }),
        eagle({ head: head(name), name: `${name} dynamic`, tree: { nodes: 15, depth: 5, topK: 4 } }),
      ]),
    ...(has('medusa')
      ? [
          medusa({ head: head('medusa'), name: 'medusa chain' }),
          medusa({ head: head('medusa'), name: 'medusa tree', choices: mcSim7b63.slice(0, 15) }),
        ]
      : []),
    ...(has('mtp')
      ? [mtp({ head: head('mtp'), name: 'mtp chain' }), mtp({ head: head('mtp'), name: 'mtp tree', branches })]
      : []),
  ]
}
