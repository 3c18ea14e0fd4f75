import { expect, test } from 'vitest'
import { compositions, strategies } from '../src/catalogue'
import { buildStrategy, draftersOf, labelOf, type StrategyChoice } from '../src/choice'
import { embedded, firstChoice } from '../src/embedded'
import { fittingChoice, freshChoice } from '../src/fresh-choice'

const names = [...strategies, ...compositions].map(({ name }) => name)
const medusaAt = (head: string): StrategyChoice => ({ strategy: 'medusa', options: { head }, parts: [] })

test.each(names)('%s is ready to be run with the embedded model as soon as it is chosen', (name) => {
  const choice = freshChoice(name, embedded.heads)
  expect(fittingChoice(choice, embedded.heads)).toEqual(choice)
  expect(buildStrategy(choice, (location) => location).name).toBe(labelOf(choice))
})

test('a label tells the checkpoint and what was set, and no two choices share one', () => {
  expect(labelOf(firstChoice)).toBe('eagle3 nodes=15 depth=4 topK=4')
  const choices = [
    medusaAt('medusa'),
    medusaAt('https://a.test/medusa'),
    medusaAt('https://b.test/medusa'),
    { ...medusaAt('medusa'), options: { head: 'medusa', nodes: 9 } },
    { strategy: 'firstOf', options: {}, parts: [medusaAt('medusa'), firstChoice] },
    { strategy: 'firstOf', options: {}, parts: [firstChoice, medusaAt('medusa')] },
  ]
  expect(new Set(choices.map(labelOf)).size).toBe(choices.length)
  expect(draftersOf(choices[4] as StrategyChoice)).toEqual(['medusa', labelOf(firstChoice)])
})

test('a checkpoint that a model has not gives way to the like, or to a strategy that needs none', () => {
  expect(fittingChoice(firstChoice, ['eagle1', 'mtp'])).toEqual({
    strategy: 'eagle',
    options: { head: 'eagle1' },
    parts: [],
  })
  expect(fittingChoice(firstChoice, []).options).toEqual({})
  expect(fittingChoice(medusaAt('owner/heads'), [])).toEqual(medusaAt('owner/heads'))
})
