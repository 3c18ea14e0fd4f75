import { createEngine, type Part, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { failure } from './support/engines'
import { drill, recoveryDrill } from './support/fault-drill'
import { FaultyBackend, faultyCalls } from './support/faulty-backend'
import { randomTrees } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const model = await writeTinyModel({ config: { num_hidden_layers: 1, intermediate_size: 32 } })
/** Wants hidden states, so that those are allocated too. */
const strategies: readonly Strategy[] = [
  { ...randomTrees(61, 6, 1), needs: { finalHidden: true, layerInputs: [0, 1] } },
]

describe.each(faultyCalls)('when a %s fails', (call) => {
  test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
    const runs = await drill(call, model, strategies, call === 'write' ? 2 : 1)
    expect(runs).toBeGreaterThan(4)
  })

  if (call !== 'weight') test('in a generation, the next one is whole', () => recoveryDrill(call, model, strategies))
})

test('a device that stays away says so, and lets go of everything', async () => {
  const faulty = new FaultyBackend()
  const { backend } = faulty
  const engine = await createEngine({ backend, model, strategies, capacity: 60, selfCheck: false })
  faulty.restart({ call: 'submit', at: 2, lasting: true })
  for (let i = 0; i < 3; i++)
    expect((await failure(() => engine.complete([3, 4], { maxTokens: 5 }))).cause).toBe(faulty.error)
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
  expect(faulty.livePrograms).toBe(0)
})

test.each(['submit', 'read', 'write'] as const)('a chat survives a %s that fails in any place', async (call) => {
  const chatty = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
  const faulty = new FaultyBackend()
  const { backend } = faulty
  const engine = await createEngine({
    backend,
    model: chatty,
    strategies: [randomTrees(99, 9, 3)],
    capacity: 200,
    selfCheck: false,
  })
  const { liveBytes } = backend.stats
  for (const strategy of engine.strategies) {
    const answer = async (fault: number | null): Promise<string> => {
      faulty.restart(null)
      const chat = engine.session({ strategy })
      const say = async (text: string): Promise<string> => {
        const parts: Part[] = []
        for await (const part of chat.send(text, { maxTokens: 8 })) parts.push(part)
        return parts.map((part) => part.text).join('')
      }
      try {
        const first = await say('who are you?')
        if (fault !== null) {
          faulty.restart({ call, at: fault })
          if ((await say('and why?').catch((error) => error)) !== faulty.error) return 'no fault'
          expect(chat.messages.length).toBe(2)
          faulty.restart(null)
        }
        return `${first} ${await say('and why?')} ${await say('what else?')}`
      } finally {
        chat.dispose()
        expect(backend.stats.liveBytes).toBe(liveBytes)
      }
    }
    const whole = await answer(null)
    let faults = 0
    for (let at = 1; at < 40; at++) {
      const text = await answer(at)
      if (text === 'no fault') break
      expect({ strategy, at, text }).toEqual({ strategy, at, text: whole })
      faults++
    }
    expect(faults).toBeGreaterThan(2)
  }
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
})
