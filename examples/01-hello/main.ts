// Composes a decoder of a target, a lookup and a draft model, and lets it tell a story.
import { fileURLToPath } from 'node:url'
import { createEngine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { draftModel, lookup } from '@outrider/strategy-draft'

const model = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

const backend = await webgpu()
const engine = await createEngine({
  backend,
  model,
  strategies: [lookup(), draftModel({ model: `${model}/draft`, tokens: 3 })],
})

const beginning = 'The little fox was very hungry.'
process.stdout.write(beginning)
// <|end|> begins every story of this model.
for await (const part of engine.generate(`<|end|>${beginning}`, { strategy: 'draft-model', maxTokens: 80 })) {
  process.stdout.write(part.text)
  if (!part.finish) continue
  const { rounds, meanAcceptanceLength } = part.finish.stats
  const { completionTokens } = part.finish.usage
  console.log(
    `\n\n${completionTokens} tokens in ${rounds} rounds: acceptance length ${meanAcceptanceLength.toFixed(2)}`,
  )
}

await engine.dispose()
backend.dispose()
