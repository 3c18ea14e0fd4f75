/** Levels that a candidate's path has room for, three bits of its word for how many and five for each rank. */
export const mostLevels = 5
/** Candidates that a workgroup holds: eight bytes each of a device's least workgroup memory. */
export const mostCandidates = 1900

/** How a tree grows. */
export interface Growth {
  /** Nodes that are kept. */
  readonly nodes: number
  /** Levels, and as many heads. */
  readonly depth: number
  /** Choices of each head. */
  readonly topK: number
}

/** Parent of the candidates below the pending token. */
export const ROOT = 0xffffffff

/** The nodes that may be among the best, whatever the heads say: level by level, on each the paths of ranks in order. */
export interface GrownCandidates {
  /** Levels, and as many heads that have to run. */
  readonly levels: number
  /** Choices that each head has to give. */
  readonly choices: number
  /** For each candidate its path of ranks, as `pathWord` packs it. */
  readonly paths: readonly number[]
  /** For each its parent's number, which is lower; ROOT at the first level. */
  readonly parents: readonly number[]
}

/**
 * A path's score is a sum of log-probabilities that fall by rank, head by head, so that no path is better than the same with lower
 * ranks, nor than its beginnings. One that is outdone by as many as are kept is no candidate: of the 819 paths of three heads with nine
 * choices 71 are left where 15 are kept.
 */
export function grownCandidates({ nodes, depth, topK }: Growth): GrownCandidates {
  const paths: number[] = []
  const parents: number[] = []
  // Of each path of the level above: its number, its ranks, and how many are surely as good, itself among them: of its own length, in all.
  let above: readonly Above[] = [{ at: ROOT, ranks: [], alike: 1, all: 0 }]
  let levels = 0
  let choices = 0
  while (levels < depth && above.length > 0) {
    const level: Above[] = []
    for (const { at, ranks, alike, all } of above)
      for (let rank = 0; rank < topK && all + alike * (rank + 1) <= nodes; rank++) {
        const own = {
          at: paths.length,
          ranks: [...ranks, rank],
          alike: alike * (rank + 1),
          all: all + alike * (rank + 1),
        }
        paths.push(pathWord(own.ranks))
        parents.push(at)
        level.push(own)
        choices = Math.max(choices, rank + 1)
      }
    if (level.length > 0) levels++
    above = level
  }
  return { levels, choices, paths, parents }
}

interface Above {
  readonly at: number
  readonly ranks: readonly number[]
  readonly alike: number
  readonly all: number
}

/** How many ranks there are, and each: `rankOf` in the shader. */
function pathWord(ranks: readonly number[]): number {
  return ranks.reduce((word, rank, level) => word | (rank << (3 + 5 * level)), ranks.length)
}
