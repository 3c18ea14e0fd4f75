import { testDraws } from '../../../verify/src/sampling-tests'
import { tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'
import { medusa } from '../src'
import { int64, rowsOf, tinyHeads, vllmNames, writeHeads } from './checkpoints'

const model = await writeTinyModel({ seed: 5 })
const heads = tinyHeads(3)
const head = await writeHeads(heads)
const text = Array.from({ length: 24 }, (_, i) => (i * 13 + 5) % 61)
const choices = [[0], [1], [2], [0, 0], [0, 1], [1, 0], [0, 0, 0]]

testDraws('a chain', { model, text, strategy: medusa({ head }), rows: 'heads' })
testDraws('a tree', { model, text, strategy: medusa({ head, choices }), rows: 'heads' })
testDraws('a tree that grows', { model, text, strategy: medusa({ head, tree: { nodes: 9 } }), rows: 'heads' })

const targetIds = Array.from({ length: 30 }, (_, row) => (7 * row + 3) % tinyConfig.vocab_size)
const cut = vllmNames(heads).map((tensor) => (tensor.name.startsWith('lm_heads.') ? rowsOf(tensor, targetIds) : tensor))
const mapped = await writeHeads([...cut, int64('token_map', targetIds)], { vocab_size: 61, truncated_vocab_size: 30 })

testDraws('a vocabulary of its own', {
  model,
  text,
  strategy: medusa({ head: mapped, choices }),
  rows: 'heads',
  targetIds,
})
testDraws('a tree that grows of a vocabulary of its own', {
  model,
  text,
  strategy: medusa({ head: mapped, tree: { nodes: 9 } }),
  rows: 'heads',
  targetIds,
})
