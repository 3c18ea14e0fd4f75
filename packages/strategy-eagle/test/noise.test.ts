import { testDraws } from '../../../verify/src/sampling-tests'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { type EagleOptions, eagle } from '../src'
import { headTensors, int64, tinyHeadConfig, writeHead } from './tiny-head'

const model = await writeTinyModel({ config: { num_hidden_layers: 2, intermediate_size: 96 } })
const text = Array.from({ length: 24 }, (_, i) => (i * 13 + 5) % 61)
const targetIds = Array.from({ length: 40 }, (_, row) => (7 * row + 3) % 61)
const offsets = targetIds.map((id, row) => id - row)
const whole = await writeHead(headTensors({ kind: 3 }))
const part = await writeHead(headTensors({ kind: 3, vocab: 40 }), tinyHeadConfig, { more: [int64('d2t', offsets)] })

const shapes: Readonly<Record<string, Partial<EagleOptions>>> = {
  'one token': { tokens: 1 },
  'a chain': { tokens: 4 },
  'a static tree': { branches: [3, 2, 1] },
  'a dynamic chain': { tree: { topK: 1, depth: 4, nodes: 4 } },
  'a dynamic tree': { tree: { topK: 3, depth: 2, nodes: 12 } },
}

for (const [name, shape] of Object.entries(shapes)) {
  const options = { ...shape, layers: [0, 1, 2] }
  testDraws(name, { model, text, strategy: eagle({ head: whole, ...options }), rows: 'nodes' })
  testDraws(`${name} of a vocabulary of its own`, {
    model,
    text,
    strategy: eagle({ head: part, ...options }),
    rows: 'nodes',
    targetIds,
  })
}
