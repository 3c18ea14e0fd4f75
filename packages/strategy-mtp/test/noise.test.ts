import { testDraws } from '../../../verify/src/sampling-tests'
import { mtp } from '../src'
import { named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const { folder: model } = await tinyTarget(5)
const modules = await Promise.all([11, 12, 13].map(tinyModule))
const text = Array.from({ length: 24 }, (_, i) => (i * 13 + 5) % 61)
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

testDraws('one module, a token', { model, text, strategy: mtp({ head, modules: 1, tokens: 1 }), rows: 'nodes' })
testDraws('one module, a chain', { model, text, strategy: mtp({ head, modules: 1, tokens: 4 }), rows: 'nodes' })
testDraws('one module, a tree', {
  model,
  text,
  strategy: mtp({ head, modules: 1, branches: [3, 2, 1] }),
  rows: 'nodes',
})
testDraws('one module a token', { model, text, strategy: mtp({ head }), rows: 'nodes' })
testDraws('heads on the trunk, a chain', { model, text, strategy: mtp({ head: heads }), rows: 'heads' })
testDraws('heads on the trunk, a tree', {
  model,
  text,
  strategy: mtp({ head: heads, choices: [[0], [1], [0, 0], [0, 1], [1, 0], [0, 0, 0]] }),
  rows: 'heads',
})
