import { adaptive } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHead } from '../../../verify/src/head-tests'
import { lateHidden } from '../../../verify/src/late-hidden'
import { bestPaths, mcSim7b63, medusa } from '../src'

const head = 'models/stories-5m/medusa'
const chain = medusa({ head, name: 'chain' })

testHead({ head: 'medusa', chain, fault: lateHidden(chain), depth: 3 })

const accuracy = [
  [0.5, 0.15, 0.08],
  [0.37, 0.13, 0.07],
  [0.26, 0.13],
]

testGenerations('medusa', {
  backend: async () => referenceBackend(),
  strategies: [
    chain,
    medusa({ head, name: 'published tree', choices: mcSim7b63 }),
    medusa({ head, name: 'grown tree', choices: bestPaths(accuracy, 8) }),
  ],
  contexts: 4,
  tokens: 48,
  // The first 15 nodes of the published tree.
  maxRows: 16,
  better: ['chain', 'grown tree'],
})

testGenerations('medusa with a tree that grows', {
  backend: async () => referenceBackend(),
  strategies: [chain, medusa({ head, name: 'tree that grows', tree: { nodes: 15 } })],
  contexts: 2,
  tokens: 48,
  maxRows: 16,
  better: ['chain', 'tree that grows'],
})

testGenerations('medusa with measured trees', {
  backend: async () => referenceBackend(),
  strategies: [
    chain,
    { ...adaptive(chain, { cost: { rows: [1, 16], ms: [1, 1.1] } }), name: 'measured tree' },
    { ...adaptive(chain, { cost: { rows: [1, 16], ms: [1, 1.1] }, trees: 'own' }), name: 'own tree' },
  ],
  contexts: 2,
  tokens: 48,
  maxRows: 16,
  better: ['own tree', 'measured tree'],
})
