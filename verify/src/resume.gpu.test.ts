import { collect, createEngine, type Engine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { lookup } from '@outrider/strategy-draft'
import { expect, test } from 'vitest'

const model = 'models/stories-5m'

async function on<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const backend = await webgpu()
  try {
    const engine = await createEngine({ backend, model, capacity: 64, maxRows: 4, strategies: [lookup()] })
    const result = await work(engine)
    await engine.dispose()
    return result
  } finally {
    backend.dispose()
  }
}

test('a generation goes on on another WebGPU device as if nothing had been', async () => {
  const options = { strategy: 'lookup', maxTokens: 10, temperature: 0.8, seed: 3, repetitionPenalty: 1.1 }
  const first = await on(async (engine) => {
    const whole = await engine.complete('Once upon a time', options)
    let text = ''
    for await (const part of engine.generate('Once upon a time', options)) {
      text += part.text
      const saved = part.checkpoint()
      if (saved && saved.tokens.length - saved.promptTokens >= 5) return { whole, text, json: JSON.stringify(saved) }
    }
    return expect.fail('it ended before')
  })
  const rest = await on((engine) => collect(engine.resume(JSON.parse(first.json))))
  expect(first.text + rest.text).toBe(first.whole.text)
  expect(rest).toMatchObject({ ids: first.whole.ids, resumed: { exact: true } })
})
