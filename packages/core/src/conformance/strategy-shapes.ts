import type { Budget, ShapeLimits, Strategy } from '../spec'
import { likeliestPaths, type RankPaths, rankPaths } from '../tree'
import { MOST, prompts, treesFrom } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategySubject } from './strategy-subject'

/** What becomes of trees that a budget names (`Budget.paths`), where a strategy says that it takes them (`Proposer.shapes`). */
export function shapeChecks(subject: StrategySubject): readonly Check[] {
  return [{ name: 'trees that are named are drafted as they are named', faults: () => shapeFaults(subject) }]
}

const maxRows = 16
const rounds = 4

/** Acceptances of any number of levels whose best trees are a chain, are wide, and are both. */
const acceptances: readonly (readonly number[])[] = [[0.9], [0.4, 0.3, 0.2], [0.6, 0.2, 0.1]]

async function shapeFaults(subject: StrategySubject): Promise<readonly string[]> {
  const faults: string[] = []
  for (const level of acceptances)
    for (const prompt of prompts) {
      const named: { paths: RankPaths | null } = { paths: null }
      const strategy = () => naming(subject.strategy(), level, named)
      const trees = await onStrategyBench(
        { ...subject, strategy },
        (bench) => treesFrom(bench.engine, bench.strategy, prompt, rounds),
        { maxRows },
      )
      for (const { parents } of trees) {
        const wanted = named.paths?.filter(({ length }) => length < MOST).slice(0, maxRows - 1)
        if (!wanted || parents.length === 0) continue
        const [found, expected] = [namesOf(rankPaths(parents)), namesOf(wanted)]
        if (found !== expected)
          faults.push(
            `shapes: a tree of the paths ${expected} was asked for, and ${found} was drafted: draft budget.paths within shapes, children in the order of their ranks`,
          )
      }
    }
  return faults.slice(0, 3)
}

/** The strategy, told in every round to draft the likeliest tree that it can. `named`: which one that is. */
function naming(strategy: Strategy, level: readonly number[], named: { paths: RankPaths | null }): Strategy {
  return {
    ...strategy,
    load: async (host) => {
      const loaded = await strategy.load(host)
      return {
        ...(loaded.needs && { needs: loaded.needs }),
        start: (session) => {
          const proposer = loaded.start(session)
          const { shapes } = proposer
          const propose = proposer.propose.bind(proposer)
          const paths = shapes ? treeWithin(shapes, level) : null
          named.paths = paths
          if (paths) proposer.propose = (budget: Budget) => propose({ ...budget, paths })
          return proposer
        },
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

function treeWithin({ levels, choices, expand }: ShapeLimits, level: readonly number[]): RankPaths {
  const acceptance = Array.from({ length: levels }, () => level.slice(0, choices))
  return likeliestPaths(acceptance, { nodes: maxRows - 1, ...(expand !== undefined && { expand }) }).paths
}

function namesOf(paths: RankPaths): string {
  return paths
    .map((path) => `[${path}]`)
    .sort()
    .join(' ')
}
