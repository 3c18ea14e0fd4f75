import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { adaptive, firstOf, merged, type Strategy } from '@outrider/core'
import { draftModel, earlyExit, lookup, suffix } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'

/** A static tree of 15 nodes. */
const branches = [3, 2, 1]

/** Every strategy, as chain and as tree, for a target of `layers` layers, over the heads in the folders of `root` that are there. */
export function everyStrategy(root: string, layers: number): readonly Strategy[] {
  const head = (name: string) => join(root, name)
  const has = (name: string) => existsSync(head(name))
  const draft = head('draft')
  return [
    lookup(),
    suffix(),
    suffix({ name: 'suffix tree', nodes: 15 }),
    draftModel({ model: draft, name: 'draft chain' }),
    draftModel({ model: draft, name: 'draft tree', branches }),
    earlyExit({ layer: layers >> 1, name: 'early exit chain' }),
    // Below every layer whose hidden states the heads read, so that verification goes on from it.
    earlyExit({ layer: 1, name: 'early exit tree', branches }),
    { ...firstOf(lookup({ minNgram: 3, on: 'host' }), draftModel({ model: draft })), name: 'lookup or draft' },
    { ...merged(lookup({ minNgram: 2 }), draftModel({ model: draft, branches })), name: 'lookup and draft' },
    { ...adaptive(draftModel({ model: draft, tokens: 8 })), name: 'adaptive draft' },
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
          medusa({ head: head('medusa'), name: 'medusa dynamic', tree: { nodes: 15 } }),
        ]
      : []),
    ...(has('eagle3') && has('medusa')
      ? [{ ...merged(eagle({ head: head('eagle3') }), medusa({ head: head('medusa') })), name: 'eagle3 and medusa' }]
      : []),
    ...(has('mtp')
      ? [mtp({ head: head('mtp'), name: 'mtp chain' }), mtp({ head: head('mtp'), name: 'mtp tree', branches })]
      : []),
  ]
}
