import { OutriderError } from '../errors'

/**
 * Nodes of a static tree, each by the ranks on its way from the pending token: `[0, 2]` is the third choice below the first.
 */
export type RankPaths = readonly (readonly number[])[]

/** Choices that `topK` gives, levels and nodes of a tree. */
const most = { choices: 32, levels: 32, nodes: 255 } as const

/**
 * Checks paths and puts them in an order in which a tree can be drafted: every path once and after its beginnings, which are added
 * where they were left out, otherwise in the order given. `strategy` is for messages. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { parentsFirst } from '@outrider/core'
 *
 * console.log(parentsFirst([[1, 0], [0]], 'mine')) // [[1], [1, 0], [0]]
 * ```
 */
export function parentsFirst(choices: RankPaths, strategy: string): RankPaths {
  const paths = new Map<string, readonly number[]>()
  for (const path of choices) {
    const right = path.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < most.choices)
    if (path.length < 1 || path.length > most.levels || !right)
      refuse(strategy, `choices are paths of 1 to ${most.levels} ranks from 0 to ${most.choices - 1}, not [${path}]`)
    for (let length = 1; length <= path.length; length++) {
      const start = path.slice(0, length)
      if (!paths.has(start.join())) paths.set(start.join(), start)
    }
  }
  if (paths.size === 0 || paths.size > most.nodes)
    refuse(strategy, `choices must name 1 to ${most.nodes} nodes, not ${paths.size}`)
  return [...paths.values()]
}

/**
 * Paths of a tree whose nodes of a level all have equally many children: `[3, 2, 1]` gives 3 + 6 + 6 nodes, `[1, 1]` a chain of two.
 * `strategy` is for messages. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { uniformPaths } from '@outrider/core'
 *
 * console.log(uniformPaths([2, 1], 'mine')) // [[0], [1], [0, 0], [1, 0]]
 * ```
 */
export function uniformPaths(branches: readonly number[], strategy: string): RankPaths {
  const whole = (children: number) => Number.isInteger(children) && children >= 1 && children <= most.choices
  if (branches.length < 1 || branches.length > most.levels || !branches.every(whole))
    refuse(strategy, `branches are 1 to ${most.levels} levels of 1 to ${most.choices} children, not [${branches}]`)
  let level: RankPaths = [[]]
  const paths: (readonly number[])[] = []
  for (const children of branches) {
    if (paths.length + level.length * children > most.nodes)
      refuse(strategy, `branches [${branches}] are more than the ${most.nodes} nodes of a tree`)
    level = level.flatMap((path) => Array.from({ length: children }, (_, rank) => [...path, rank]))
    paths.push(...level)
  }
  return paths
}

/**
 * Each node of a tree by the ranks on its way from the pending token, a rank being its place among the children of its parent.
 *
 * @example
 * ```ts
 * import { rankPaths } from '@outrider/core'
 *
 * console.log(rankPaths([-1, -1, 1, 1])) // [[0], [1], [1, 0], [1, 1]]
 * ```
 */
export function rankPaths(parents: readonly number[]): RankPaths {
  const paths: (readonly number[])[] = []
  const children = new Map<number, number>()
  for (const parent of parents) {
    const rank = children.get(parent) ?? 0
    children.set(parent, rank + 1)
    paths.push([...(paths[parent] ?? []), rank])
  }
  return paths
}

function refuse(strategy: string, what: string): never {
  throw new OutriderError('INVALID_OPTION', `${strategy}: ${what}`)
}
