// What it costs the host to record the program that verifies a tree, on Dawn's null device: one JSON line.
//   npx tsx packages/kernels/bench/recording.ts [--model=models/stories-5m] [--rows=16] [--programs=50]
// The first program compiles its pipelines; those after it find them.
import { exact, loadDecoder, openCheckpoint } from '@outrider/core'
import { type Backend, INDEX, MAX_TREE_ROWS, OUTCOME, type Program, SAMPLING } from '@outrider/core/spec'
import { create } from 'webgpu'
import { webgpu } from '../src/index'

const flag = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const rows = Number(flag('rows') ?? 16)
const programs = Number(flag('programs') ?? 50)

const gpu = create(['backend=null'])
Object.assign(globalThis, { gpu }) // Dawn's Node binding frees what nobody references
const backend: Backend = await webgpu({ gpu, subgroups: true })
const checkpoint = await openCheckpoint(flag('model') ?? 'models/stories-5m')
const model = await loadDecoder(backend, checkpoint, { slots: 576, maxRows: 64 })
const cache = model.cache(576, 'cache')
const words = (count: number, label: string) => backend.tensor([count], 'u32', label)
const tree = { tokens: words(MAX_TREE_ROWS, 'tokens'), shape: words(MAX_TREE_ROWS, 'shape') }
const sequence = { history: words(576, 'history'), length: words(1, 'length') }
const pass = { rows, first: 0, tokens: tree.tokens, index: words(INDEX.words, 'index') }
const outcome = words(OUTCOME.words, 'outcome')
const sampling = {
  params: words(SAMPLING.words, 'sampling'),
  counts: words(model.config.vocab, 'counts'),
  bias: backend.tensor([model.config.vocab], 'f32', 'bias'),
}
if (!('device' in exact)) throw new Error('the exact rule decides on the device')
const verdict = exact.device.start(backend, 64)

const record = (): Program =>
  backend.program('verify', (ops) => {
    ops.treeIndex({ tree, sequence, index: pass.index })
    const x = model.forward(ops, { pass, cache })
    const logits = model.logits(ops, { x, rows, pass })
    verdict.record(ops, { logits, vocab: model.config.vocab, pass, sampling, outcome })
    cache.compact(ops, outcome, rows)
    ops.commitTokens({ outcome, sequence })
  })

const milliseconds: number[] = []
let dispatches = 0
for (let i = 0; i < programs; i++) {
  const start = performance.now()
  const program = record()
  milliseconds.push(performance.now() - start)
  dispatches = program.dispatches
  program.dispose()
}
const [first = 0, ...later] = milliseconds
const median = later.sort((a, b) => a - b)[later.length >> 1] as number
const microsecondsADispatch = (1000 * median) / dispatches
console.log(JSON.stringify({ bench: 'recording', rows, programs, dispatches, first, median, microsecondsADispatch }))
process.exit(0)
