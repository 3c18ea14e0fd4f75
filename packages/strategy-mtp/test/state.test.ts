import { createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { testDraftState } from '../../../verify/src/draft-state-tests'
import { mtp } from '../src'
import { named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const { folder: model } = await tinyTarget(5)
const modules = await Promise.all([11, 12, 13].map(tinyModule))
const prompt = Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 61)
const write = (prefix: string) =>
  writeModules(
    modules.flatMap((module, number) =>
      named(stored(module), (name) => `${prefix}.${number}.${name}`).filter(
        ({ name }) => prefix === 'model.layers' || /self_attn|mlp|layernorm/.test(name),
      ),
    ),
  )
const head = await write('model.layers')
const heads = await write('extra_heads')

const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 70, ignoreEos: true })).ids]
await plain.dispose()

const target = { model, vocab: 61, prompt, text }

testDraftState('one module, a chain', mtp({ head, modules: 1, tokens: 4 }), target)
testDraftState('one module, a tree', mtp({ head, modules: 1, branches: [2, 2, 1] }), target)
testDraftState('one module a token', mtp({ head }), target)
testDraftState('heads on the trunk, a chain', mtp({ head: heads }), target)
testDraftState(
  'heads on the trunk, a tree',
  mtp({ head: heads, choices: [[0], [1], [0, 0], [1, 2], [0, 0, 1]] }),
  target,
)
