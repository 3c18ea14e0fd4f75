import { referenceBackend } from '@outrider/core/reference'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHead } from '../../../verify/src/head-tests'
import { lateHidden } from '../../../verify/src/late-hidden'
import { mtp } from '../src'

const head = 'models/stories-5m/mtp'
const chain = mtp({ head, name: 'chain', tokens: 5 })

testHead({ head: 'mtp', chain, fault: lateHidden(chain), depth: 5 })

testGenerations('mtp', {
  backend: async () => referenceBackend(),
  strategies: [
    mtp({ head, name: 'short chain', tokens: 3 }),
    mtp({ head, name: 'tree', branches: [3, 2, 1] }),
    mtp({ head, name: 'ragged tree', choices: [[0], [1], [0, 0], [0, 1], [1, 0], [0, 0, 0], [2], [0, 0, 1]] }),
  ],
  contexts: 4,
  tokens: 48,
  maxRows: 16,
  better: ['short chain', 'tree'],
})
