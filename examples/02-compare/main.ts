// Decodes the same prompts with several strategies in turn and says what each one changed: the speed, never the text.
import { fileURLToPath } from 'node:url'
import { createEngine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { draftModel, lookup } from '@outrider/strategy-draft'

const model = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))
const draft = `${model}/draft`
const prompts = ['A brave robot and a shy snail', '"Look!" said the boy.', 'The queen gave the baker a gold coin'].map(
  (text) => `<|end|>${text}`, // begins every story of this model
)

const backend = await webgpu()
const engine = await createEngine({
  backend,
  model,
  strategies: [
    lookup({ tokens: 5 }),
    draftModel({ model: draft, name: 'draft-chain', tokens: 3 }),
    draftModel({ model: draft, name: 'draft-tree', branches: [2, 1, 1] }),
  ],
})

async function measure(prompt: string, strategy: string, maxTokens: number) {
  const start = performance.now()
  const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens, ignoreEos: true })
  return {
    ids: ids.join(),
    rate: (ids.length * 1000) / (performance.now() - start),
    length: stats.meanAcceptanceLength,
  }
}

// Shaders compile here; the repeated words let lookup draft.
for (const strategy of engine.strategies) await measure('<|end|>The fox ran. The fox ran. The fox ran.', strategy, 12)

const runs = new Map(engine.strategies.map((name) => [name, [] as Awaited<ReturnType<typeof measure>>[]]))
for (const prompt of prompts) for (const [name, list] of runs) list.push(await measure(prompt, name, 24))

const plain = runs.get('plain')!
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
const strategies = [...runs].map(([strategy, list]) => ({
  strategy,
  tokensPerSecond: median(list.map(({ rate }) => rate)),
  speedUp: Math.exp(mean(list.map(({ rate }, i) => Math.log(rate / plain[i]!.rate)))), // geometric mean over the prompts
  acceptanceLength: mean(list.map(({ length }) => length)),
  identical: list.every(({ ids }, i) => ids === plain[i]!.ids),
}))

console.log(
  `${backend.info.device}; ${prompts.length} prompts\nstrategy     tokens/s  against plain  acceptance length  text`,
)
for (const { strategy, tokensPerSecond, speedUp, acceptanceLength, identical } of strategies) {
  const speed = strategy === 'plain' ? '' : `${speedUp.toFixed(2)}x, ${speedUp < 1 ? 'slower' : 'faster'}`
  const cells = [tokensPerSecond.toFixed(1).padStart(8), speed.padStart(13), acceptanceLength.toFixed(2).padStart(17)]
  console.log([strategy.padEnd(11), ...cells, identical ? 'identical' : 'DIFFERENT'].join('  '))
}
console.log(JSON.stringify({ device: backend.info.device, prompts: prompts.length, strategies }))

await engine.dispose()
backend.dispose()
if (strategies.some(({ identical }) => !identical)) process.exitCode = 1
