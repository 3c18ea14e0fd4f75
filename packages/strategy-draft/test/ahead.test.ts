import { adaptive, type Part } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { queuedBackend } from '../../core/test/support/queued-backend'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { tinyTemplate } from '../../core/test/support/tiny-tokenizer'
import { draftModel } from '../src'

const model = await writeTinyModel({ seed: 2, alphabet: 'ascii', chatTemplate: tinyTemplate })
const other = await writeTinyModel({ seed: 5, alphabet: 'ascii' })
const queued = queuedBackend(referenceBackend())
// The target drafts for itself: all is kept, and the last draft token is missing in the cache of the drafter. Another one keeps little.
const strategies = [
  draftModel({ model, name: 'itself', tokens: 3 }),
  draftModel({ model: other, name: 'another', tokens: 3 }),
  draftModel({ model, name: 'tree', branches: [2, 2] }),
  { ...adaptive(draftModel({ model, tokens: 6 }), { cost: { rows: [1, 8], ms: [1, 1.1] } }), name: 'of any size' },
  { ...adaptive(draftModel({ model: other, tokens: 6 })), name: 'measured' },
]
const engine = await engineOn(model, { backend: queued.backend, strategies })
const waiting = await engineOn(model)

for (const strategy of ['itself', 'another', 'tree', 'of any size', 'measured'])
  test.each([
    ['greedy', {}],
    ['drawn', { temperature: 0.9, seed: 3 }],
  ])(
    `${strategy}, %s: rounds ahead give a chat the tokens of plain rounds, behind rounds in vain too`,
    async (_, sampling) => {
      queued.restart()
      const answers: (readonly number[] | undefined)[][] = [[], []]
      for (const [i, chat] of [engine.session({ strategy }), waiting.session()].entries()) {
        const turn = async (text: string, stopTokens: readonly number[]) => {
          const parts: Part[] = []
          for await (const part of chat.send(text, { ...sampling, stopTokens, maxTokens: 24, ignoreEos: true }))
            parts.push(part)
          answers[i]?.push(parts.at(-1)?.finish?.ids)
        }
        await turn('who are you?', [])
        const [given = []] = answers[i] ?? []
        for (const at of [1, 2, 3, 5, 8]) await turn('why?', [given[at] as number, 60 + at])
        chat.dispose()
      }
      expect(answers[0]).toEqual(answers[1])
      expect(queued.deepest).toBe(2)
    },
  )

test('the last round is begun ahead, too, and drafts beyond what is wanted', async () => {
  const apart = await engineOn(model, { strategies: [draftModel({ model, name: 'itself', tokens: 3 })] })
  const { ids, stats } = await apart.complete([41, 52, 60], { strategy: 'itself', maxTokens: 17, ignoreEos: true })
  expect(ids.length).toBe(17)
  // Four tokens a round, of the last of which one is wanted: none in vain.
  expect(stats).toMatchObject({ rounds: 5, submits: 6, accepted: 15 })
})
