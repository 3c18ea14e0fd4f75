import type { RankPaths } from './rank-paths'

/** One level of a static tree, as it is drafted. */
export interface StaticLevel {
  /** First node of the level and its number of nodes; those that have children come first. */
  readonly first: number
  readonly count: number
  /** Nodes that have children: rows of the pass that drafts the next level. */
  readonly expand: number
  /** Choices needed below each row of the pass above. */
  readonly choices: number
  /** For each node its place among the choices [rows above, choices]. */
  readonly picks: readonly number[]
  /** For each node that has children its row in the pass above. */
  readonly above: readonly number[]
}

/** A static tree: level by level, parents before children. */
export interface StaticTree {
  /** Parent node of each node, -1 for the pending token. */
  readonly parents: readonly number[]
  readonly levels: readonly StaticLevel[]
}

/**
 * The tree of the first `nodes` of `paths` (each after its beginnings: `parentsFirst`) that are at most `depth` long. `limit`: choices
 * of a row at most where a level may take more than it needs, up to a power of two; absent, it takes what it needs.
 *
 * @example
 * ```ts
 * import { staticTree } from '@outrider/core'
 *
 * console.log(staticTree([[0], [0, 0], [1]], 3, 2).parents) // [-1, -1, 0]
 * ```
 */
export function staticTree(paths: RankPaths, nodes: number, depth: number, limit = 0): StaticTree {
  const kept = paths.filter((path) => path.length <= depth).slice(0, nodes)
  const inner = new Set(kept.map((path) => path.slice(0, -1).join()))
  const node = new Map<string, number>([['', -1]])
  const parents: number[] = []
  const levels: StaticLevel[] = []
  let rows = new Map([['', 0]])
  for (let length = 1; rows.size > 0; length++) {
    const level = kept.filter((path) => path.length === length)
    if (level.length === 0) break
    const ordered = [
      ...level.filter((path) => inner.has(path.join())),
      ...level.filter((path) => !inner.has(path.join())),
    ]
    const expand = level.filter((path) => inner.has(path.join())).length
    const needed = ordered.reduce((most, path) => Math.max(most, (path.at(-1) as number) + 1), 0)
    const choices = spareChoices(needed, limit)
    const up = ordered.map((path) => rows.get(path.slice(0, -1).join()) as number)
    levels.push({
      first: parents.length,
      count: ordered.length,
      expand,
      choices,
      picks: ordered.map((path, i) => (up[i] as number) * choices + (path.at(-1) as number)),
      above: up.slice(0, expand),
    })
    for (const path of ordered) {
      parents.push(node.get(path.slice(0, -1).join()) as number)
      node.set(path.join(), parents.length - 1)
    }
    rows = new Map(ordered.slice(0, expand).map((path, row) => [path.join(), row]))
  }
  return { parents, levels }
}

/** The next power of two, `limit` at most: each number of choices is a shader of its own, so that trees of all shapes share a few. */
export function spareChoices(needed: number, limit: number): number {
  return Math.max(needed, Math.min(1 << (32 - Math.clz32(needed - 1)), limit))
}
