import { createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { testDraftState } from '../../../verify/src/draft-state-tests'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { medusa } from '../src'
import { tinyHeads, writeHeads } from './checkpoints'

const model = await writeTinyModel({ seed: 5 })
const head = await writeHeads(tinyHeads(3))
const prompt = Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 61)
const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 70, ignoreEos: true })).ids]
await plain.dispose()

const target = { model, vocab: 61, prompt, text }

testDraftState('a chain', medusa({ head }), target)
testDraftState('a tree', medusa({ head, choices: [[0], [1], [0, 2], [1, 0], [1, 0, 1]] }), target)
testDraftState('a tree that grows', medusa({ head, tree: { nodes: 9 } }), target)
