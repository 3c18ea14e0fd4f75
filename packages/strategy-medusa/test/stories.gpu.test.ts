import { adaptive } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHeadOnDevice } from '../../../verify/src/head-tests'
import { mcSim7b63, medusa } from '../src'

const head = 'models/stories-5m/medusa'
const chain = medusa({ head, name: 'chain' })

testHeadOnDevice({ head: 'medusa', chain }, webgpu)

testGenerations('medusa on WebGPU', {
  backend: webgpu,
  strategies: [
    chain,
    medusa({ head, name: 'tree', choices: mcSim7b63.slice(0, 15) }),
    medusa({ head, name: 'tree that grows', tree: { nodes: 15 } }),
    { ...adaptive(chain, { cost: { rows: [1, 8, 64], ms: [1, 1.1, 1.4] } }), name: 'measured tree' },
  ],
  contexts: 1,
  tokens: 32,
})

testGenerations('medusa on WebGPU with the whole published tree', {
  backend: webgpu,
  strategies: [medusa({ head, name: 'published tree', choices: mcSim7b63 })],
  contexts: 1,
  tokens: 12,
})
