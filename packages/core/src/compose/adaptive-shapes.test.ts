import { describe, expect, test } from 'vitest'
import { onDevice } from '../../test/support/device-draft'
import { engineOn } from '../../test/support/engines'
import { strategyOf } from '../../test/support/strategies'
import { writeTinyModel } from '../../test/support/tiny-model'
import { rejection } from '../accept'
import type { AcceptanceRule, Budget, CostCurve, Report, ShapeLimits, Strategy } from '../spec'
import { type RankPaths, staticTree } from '../tree'
import { type AdaptiveOptions, adaptive } from './adaptive'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const count = 160
const vocab = 61
const rows = [1, 2, 4, 8, 16, 32, 64]
const flat: CostCurve = { rows, ms: [1, 1, 1, 1.1, 1.2, 1.4, 2] }
const steep: CostCurve = { rows, ms: [1, 1.7, 3, 6, 12, 24, 48] }

const target = await writeTinyModel({ seed: 3 })
const plain = await engineOn(target)
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: count, ignoreEos: true })).ids]

/** Ranks at which the right token stands: by position in turn; -1, it is not among the choices. */
type Ranks = readonly number[]

/** Drafts the trees that it is told, or a chain of three. Below a wrong node everything is wrong. */
function shaped(ranks: Ranks, asked: Budget[], shapes: ShapeLimits = { levels: 4, choices: 8 }): Strategy {
  return strategyOf('shaped', ({ tokens }) => ({
    shapes,
    propose: (budget) => {
      asked.push(budget)
      const own: RankPaths = [[0], [0, 0], [0, 0, 0]]
      const { parents, levels } = staticTree(budget.paths ?? own, budget.nodes, budget.depth)
      const places: number[] = []
      for (const { picks, choices } of levels) places.push(...picks.map((pick) => pick % choices))
      const paths: (readonly number[])[] = []
      for (const [node, parent] of parents.entries())
        paths.push([...(parent < 0 ? [] : (paths[parent] as readonly number[])), places[node] as number])
      const right = (position: number) => ranks[position % ranks.length] as number
      return {
        parents,
        tokens: paths.map((path) => {
          const position = tokens.length + path.length - 1
          const onText = path.slice(0, -1).every((rank, level) => rank === right(tokens.length + level))
          const rank = path.at(-1) as number
          const token = text[position] ?? 0
          return onText && rank === right(position) ? token : (token + 1 + rank) % vocab
        }),
      }
    },
  }))
}

async function run(strategy: Strategy, acceptance?: AcceptanceRule) {
  const engine = await engineOn(target, { strategies: [strategy] })
  const options = { strategy: strategy.name, maxTokens: count, ignoreEos: true, ...(acceptance && { acceptance }) }
  const { ids, stats } = await engine.complete(prompt, options)
  return { ids, stats, report: stats.report as Report }
}

const patterns: Readonly<Record<string, Ranks>> = {
  'the first choice': [0],
  'the first choice or the second': [0, 1, 0, 0, 1],
  'any of four': [0, 3, 1, 0, 2],
  'no choice': [-1],
}

describe.each(Object.entries(patterns))('where %s is right', (_, ranks) => {
  test.each([
    ['a flat curve', { cost: flat }],
    ['a steep curve', { cost: steep }],
    ['what is measured', {}],
    ['its own trees', { cost: flat, trees: 'own' }],
  ] as const)('text stays as it was, by %s', async (__, options: AdaptiveOptions) => {
    const asked: Budget[] = []
    const { ids, stats } = await run(adaptive(shaped(ranks, asked), options))
    expect(ids).toEqual(text.slice(prompt.length))
    expect(stats.reads).toBe(stats.rounds)
    expect(asked.every(({ paths }) => (paths !== undefined) === (options.trees !== 'own'))).toBe(true)
    for (const { nodes, depth, paths = [] } of asked) {
      expect(paths.length).toBeLessThanOrEqual(63)
      expect(nodes).toBeLessThanOrEqual(63)
      expect(depth).toBeLessThanOrEqual(nodes)
      expect(paths.every((path) => path.length <= 4 && path.every((rank) => rank < 8))).toBe(true)
    }
  })

  test('a tree of the device is judged and learned from as one of the host', async () => {
    const part = onDevice(shaped(ranks, []), true)
    const { ids } = await run(adaptive(part, { cost: flat }))
    expect(ids).toEqual(text.slice(prompt.length))
  })
})

test('trees take the shape that is worth most: several choices where they are right, none where they are not', async () => {
  const tokens: number[] = []
  for (const trees of ['own', 'measured'] as const) {
    const { stats } = await run(adaptive(shaped([0, 1, 0, 0, 1], []), { cost: flat, trees }))
    tokens.push(stats.meanAcceptanceLength)
  }
  // Chains break at two of five tokens; with two choices a level nothing breaks.
  expect(tokens[1]).toBeGreaterThan(1.5 * (tokens[0] as number))
  const asked: Budget[] = []
  await run(adaptive(shaped([0], asked), { cost: { rows, ms: [1, 1.1, 1.2, 1.3, 4, 9, 20] }, draftCost: 0 }))
  const last = asked.at(-8) as Budget
  expect(last.paths?.slice(0, 4)).toEqual([[0], [0, 0], [0, 0, 0], [0, 0, 0, 0]])
})

test('where nothing pays it does not speculate, and says so', async () => {
  const asked: Budget[] = []
  const { stats, report } = await run(adaptive(shaped([-1], asked), { cost: steep }))
  expect(report.why).toMatch(/^does not speculate: the best size, \d+ nodes?, would bring 1\.\d+ tokens for/)
  expect(report.levels).toEqual([])
  expect(asked.length).toBeLessThan(count / 4)
  expect(stats.drafts).toBe(asked.length)
})

test('the report has the tree by level, and acceptance by level and rank', async () => {
  const { report } = await run(adaptive(shaped([0, 1, 0, 0, 1], []), { cost: flat }))
  const { levels, nodes, acceptance } = report as unknown as {
    readonly levels: readonly number[]
    readonly nodes: number
    readonly acceptance: Readonly<Record<string, readonly number[]>>
  }
  expect(levels.reduce((a, b) => a + b)).toBe(nodes)
  expect(levels.length).toBeLessThanOrEqual(4)
  expect(Object.keys(acceptance)).toEqual(['1', '2', '3', '4'])
  expect((acceptance['1']?.[0] ?? 0) + (acceptance['1']?.[1] ?? 0)).toBeGreaterThan(0.9)
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
})

test.each([
  ['what is measured', {}, true],
  ['costs of the options', { cost: flat }, false],
] as const)(
  'by %s a session begins with what others learned of trees, or does not',
  async (_, options: AdaptiveOptions, begins) => {
    const part = adaptive(shaped([1], []), options)
    const strategy: Strategy = { ...part, load: (host) => part.load({ ...host, verifyCost: async () => flat }) }
    const engine = await engineOn(target, { strategies: [strategy] })
    const second = async (maxTokens: number) => {
      const { stats } = await engine.complete(prompt, { strategy: strategy.name, maxTokens, ignoreEos: true })
      const { acceptance } = stats.report as unknown as {
        readonly acceptance: Readonly<Record<string, readonly number[]>>
      }
      return acceptance['1']?.[1] as number
    }
    // The second choice is right each time.
    const learned = await second(80)
    expect(learned).toBeGreaterThan(0.4)
    const next = await second(2)
    if (begins) expect(next).toBeGreaterThan(0.4)
    else expect(next).toBeLessThan(0.38)
  },
)

test('under a rule that promises the distribution a run repeats', async () => {
  const asked: Budget[][] = [[], []]
  const ids = []
  for (const each of asked) {
    const engine = await engineOn(target, { strategies: [adaptive(shaped([0, 1], each))] })
    const options = { strategy: 'adaptive(shaped)', maxTokens: 80, ignoreEos: true, temperature: 0.7, seed: 5 }
    ids.push((await engine.complete(prompt, { ...options, acceptance: rejection })).ids)
  }
  expect(ids[1]).toEqual(ids[0])
  expect(asked[1]).toEqual(asked[0])
})

test('at a temperature, too, text is that of plain decoding', async () => {
  const engine = await engineOn(target, { strategies: [adaptive(shaped([0, 1], []), { cost: flat })] })
  const options = { maxTokens: 60, ignoreEos: true, temperature: 0.9, seed: 11 }
  const { ids } = await engine.complete(prompt, options)
  expect((await engine.complete(prompt, { ...options, strategy: 'adaptive(shaped)' })).ids).toEqual(ids)
})

test('trees of another word are refused', () => {
  const options = { trees: 'all' } as unknown as AdaptiveOptions
  expect(() => adaptive(shaped([0], []), options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})
