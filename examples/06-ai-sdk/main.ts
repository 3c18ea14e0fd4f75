// Streams a story and writes an object through the AI SDK, drafted by a smaller model.
import { fileURLToPath } from 'node:url'
import { createEngine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { generateText, Output, streamText } from 'ai'
import { z } from 'zod'
import { outrider } from './outrider'

const location = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))
const backend = await webgpu()
const engine = await createEngine({
  backend,
  model: location,
  strategies: [lookup(), draftModel({ model: `${location}/draft`, tokens: 3 })],
})
// stories-5m only goes on with stories and has no chat template: <|end|> begins one.
const model = outrider(engine, {
  strategy: 'draft-model',
  modelId: 'stories-5m',
  template: (messages) => `<|end|>${messages.map(({ content }) => content).join(' ')}`,
})

const story = streamText({ model, prompt: 'The little fox was very hungry.', maxOutputTokens: 40, seed: 1 })
for await (const text of story.textStream) process.stdout.write(text)
console.log(`\n\n${JSON.stringify((await story.finalStep).providerMetadata?.outrider, null, 2)}\n`)

const { output } = await generateText({
  model,
  output: Output.object({ schema: z.object({ animal: z.enum(['fox', 'bear', 'cat']), age: z.int().min(1).max(9) }) }),
  prompt: 'The little fox was very hungry.',
  maxOutputTokens: 60,
})
console.log(JSON.stringify(output))

await engine.dispose()
backend.dispose()
