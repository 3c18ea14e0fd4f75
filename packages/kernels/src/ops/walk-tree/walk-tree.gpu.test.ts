import { INDEX, MAX_TREE_ROWS, NO_TOKEN, type Ops, OUTCOME } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { dispatchesOf } from '../../../test/run'
import { chain, indexOf, type Parents, pathOf, trees } from '../../../test/trees'
import { random } from '../../../test/weight-source'

const both = againstReference()
const { same } = both

/** Tokens and choices where a row is right with the given chance. */
function draft(parents: Parents, seed: number, chance: number): { tokens: Uint32Array; choices: Uint32Array } {
  const next = random(seed)
  const choices = Uint32Array.from(parents, () => Math.floor(next() * 50000))
  const tokens = Uint32Array.from(parents, (parent) =>
    next() < chance ? choices[parent]! : 60000 + Math.floor(next() * 9),
  )
  return { tokens, choices }
}

test.each(trees.flatMap(([name, parents]) => [0, 0.5, 0.9, 1].map((chance) => ({ name, parents, chance }))))(
  '$name, a token in $chance right',
  async ({ parents, chance }) => {
    const { tokens, choices } = draft(parents, 4, chance)
    // Two histories: the tokens of a deep path go beyond the end of the first.
    const found = await Promise.all(
      [74, 140].map((slots) =>
        same({
          tensors: {
            tokens: u32(tokens, MAX_TREE_ROWS),
            index: u32(indexOf(70, parents)),
            choices: u32(choices),
            alone: u32([], OUTCOME.words),
            outcome: u32([], OUTCOME.words),
            history: u32([1, 2, 3], slots),
            length: u32([70]),
          },
          read: ['outcome', 'alone', 'history', 'length'],
          record: (ops, t) => {
            const pass = { rows: parents.length, first: 0, tokens: t('tokens'), index: t('index') }
            ops.walkTree({ pass, choices: t('choices'), outcome: t('alone') })
            ops.walkTree({ pass, choices: t('choices'), outcome: t('outcome') })
            ops.commitTokens({ outcome: t('outcome'), sequence: { history: t('history'), length: t('length') } })
          },
        }),
      ),
    )
    const [outcome, alone] = found[1]!
    expect(alone).toEqual(outcome)
    const deepest = Math.max(...parents.map((_, row) => pathOf(parents, row).length - 1))
    if (chance === 0) expect(outcome![OUTCOME.accepted]).toBe(0)
    if (chance === 1) expect(outcome![OUTCOME.accepted]).toBe(deepest)
  },
)

test('NO_TOKEN ends a path, or is accepted where it was drafted, and is carried to the outcome', async () => {
  for (const [tokens, path, chosen] of [
    [
      [9, 1, 2],
      [0, 1],
      [1, NO_TOKEN],
    ],
    [
      [9, 1, NO_TOKEN],
      [0, 1, 2],
      [1, NO_TOKEN, 4],
    ],
  ] as const) {
    const [outcome, history] = await same({
      tensors: {
        tokens: u32(tokens, MAX_TREE_ROWS),
        index: u32(indexOf(8, chain(3))),
        choices: u32([1, NO_TOKEN, 4]),
        outcome: u32([], OUTCOME.words),
        history: u32([], 20),
        length: u32([8]),
      },
      read: ['outcome', 'history'],
      record: (ops, t) => {
        const pass = { rows: 3, first: 0, tokens: t('tokens'), index: t('index') }
        ops.walkTree({ pass, choices: t('choices'), outcome: t('outcome') })
        ops.commitTokens({ outcome: t('outcome'), sequence: { history: t('history'), length: t('length') } })
      },
    })
    expect([...outcome!.slice(OUTCOME.path, OUTCOME.path + path.length)]).toEqual(path)
    expect([...outcome!.slice(OUTCOME.tokens, OUTCOME.tokens + path.length)]).toEqual(chosen)
    expect([...history!.slice(9, 9 + path.length)]).toEqual(chosen)
  }
})

test('a commit is part of the walk before it, but of no other, and of no other outcome', () => {
  const { device } = both
  const tensor = (words: number) => device.tensor([words], 'u32', 'words')
  const [tokens, choices, history, length] = [tensor(MAX_TREE_ROWS), tensor(4), tensor(20), tensor(1)]
  const [index, outcome, another] = [tensor(INDEX.words), tensor(OUTCOME.words), tensor(OUTCOME.words)]
  const walk = { pass: { rows: 4, first: 0, tokens, index }, choices }
  const sequence = { history, length }
  const dispatches = (record: (ops: Ops) => void) => dispatchesOf(device, record)
  const committed = (ops: Ops) => {
    ops.walkTree({ ...walk, outcome })
    ops.commitTokens({ outcome, sequence })
  }
  expect(dispatches(committed)).toBe(1)
  expect(
    dispatches((ops) => {
      committed(ops)
      ops.commitTokens({ outcome, sequence })
    }),
  ).toBe(2)
  const between = (ops: Ops) => {
    ops.walkTree({ ...walk, outcome })
    ops.setLength({ sequence, length, offset: 1 })
    ops.commitTokens({ outcome, sequence })
  }
  expect(dispatches(between)).toBe(3)
  const others = (ops: Ops) => {
    ops.walkTree({ ...walk, outcome: another })
    ops.commitTokens({ outcome, sequence })
  }
  expect(dispatches(others)).toBe(2)
  for (const each of [tokens, choices, history, length, index, outcome, another]) each.dispose()
})

test('of equally deep accepted rows the lowest, and padding never', async () => {
  const [outcome] = await same({
    tensors: {
      tokens: u32([9, 1, 1, 2, 2, 3], MAX_TREE_ROWS),
      index: u32(indexOf(8, [0, 0, 0, 2, 1])),
      choices: u32([1, 2, 2, 3, 3, 3, 3, 3]),
      outcome: u32([], OUTCOME.words),
    },
    read: ['outcome'],
    record: (ops, t) =>
      ops.walkTree({
        pass: { rows: 8, first: 0, tokens: t('tokens'), index: t('index') },
        choices: t('choices'),
        outcome: t('outcome'),
      }),
  })
  expect([...outcome!.slice(OUTCOME.path, OUTCOME.path + 3)]).toEqual([0, 2, 3])
})
