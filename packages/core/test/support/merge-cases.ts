import { type Backend, Owned, type Tensor, type TreeTensors } from '@outrider/core'
import { MAX_PATH, MAX_TREE_ROWS, NO_TOKEN } from '@outrider/core/spec'
import { mergeTree } from '../../src/compose/merge-tree'
import { randomNumbers } from './strategies'

/** A part's tree by rows (row 0 is the pending token), and who drafted it. */
interface PartTree {
  readonly tokens: readonly number[]
  readonly parents: readonly number[]
  readonly bits: readonly number[]
  readonly words: readonly number[] | null
}

/** Trees to be merged one after the other. */
export interface MergeCase {
  readonly name: string
  readonly parts: readonly PartTree[]
  readonly maxRows: number
}

/** A merged tree: word 0 of `shape` counts its rows. */
export interface MergedWords {
  readonly tokens: Uint32Array
  readonly shape: Uint32Array
  readonly credit: Uint32Array
}

/** Whether the dispatch that merges the second tree may lay the first. */
export function foldable({ parts: [first, second] }: MergeCase): boolean {
  return first?.words === null && second !== undefined
}

/** Merges on the device, and gives the rows that the tree has; `place`: where the second and later trees go. */
export async function mergeOn(
  backend: Backend,
  { parts, maxRows }: MergeCase,
  place: 'beside' | 'before' = 'beside',
  folded = false,
): Promise<MergedWords> {
  const owned = new Owned()
  const words = (values: readonly number[]): Tensor => {
    // What earlier rounds left behind must not matter.
    const tensor = owned.add(backend.tensor([MAX_TREE_ROWS], 'u32', 'test'))
    backend.write(
      tensor,
      Uint32Array.from({ length: MAX_TREE_ROWS }, (_, i) => values[i] ?? (i * 7) % 5),
    )
    return tensor
  }
  try {
    const into = { tokens: words([]), shape: words([200]) }
    const credit = words([])
    const program = owned.add(
      backend.program('merge', (ops) => {
        const trees = parts.map(({ tokens, parents }) => ({
          tokens: words([0, ...tokens]),
          shape: words([tokens.length + 1, ...parents]),
        }))
        const [first] = trees
        parts.forEach(({ bits, words: by }, i) => {
          if (folded && i === 0) return
          const from = trees[i] as TreeTensors
          const onto = folded && i === 1 && { onto: { tree: first as TreeTensors, bit: parts[0]?.bits[0] as number } }
          const where = i === 0 ? 'first' : place
          mergeTree(ops, { from, bits, words: by && words([0, ...by]), into, credit, place: where, maxRows, ...onto })
        })
      }),
    )
    const read = await backend.submit([program], [into.tokens, into.shape, credit])
    const [tokens, shape, by] = read.map((bytes) => new Uint32Array(bytes)) as [Uint32Array, Uint32Array, Uint32Array]
    const rows = shape[0] as number
    return { tokens: tokens.slice(1, rows), shape: shape.slice(0, rows), credit: by.slice(1, rows) }
  } finally {
    owned.dispose()
  }
}

/** The same by the tokens on each node's path, as text. */
export function mergeByPaths({ parts, maxRows }: MergeCase): MergedWords {
  const rows: { path: string; token: number; parent: number; word: number }[] = []
  for (const part of parts) {
    const before = rows.slice()
    const paths: string[] = ['']
    const places: number[] = [0]
    part.tokens.forEach((token, node) => {
      const parent = part.parents[node] as number
      const path = `${paths[parent]} ${token}`
      paths.push(path)
      const word = part.words
        ? part.bits.reduce((all, bit, i) => all + ((part.words?.[node] as number) & (2 ** i) ? 2 ** bit : 0), 0)
        : 2 ** (part.bits[0] as number)
      const known = before.findIndex((row) => row.path === path)
      if (known >= 0) (rows[known] as { word: number }).word |= word
      else rows.push({ path, token, parent: places[parent] as number, word })
      places.push(known >= 0 ? known + 1 : rows.length)
    })
  }
  const kept = rows.slice(0, maxRows - 1)
  return {
    tokens: Uint32Array.from(kept, ({ token }) => token),
    shape: Uint32Array.from([kept.length + 1, ...kept.map(({ parent }) => parent)]),
    credit: Uint32Array.from(kept, ({ word }) => word),
  }
}

/** What is left where each tree goes before what stood there, unless it is empty. */
export function lastThatSpeaks({ parts, ...rest }: MergeCase): MergedWords {
  const last = parts.findLast(({ tokens }) => tokens.length > 0)
  return mergeByPaths({ ...rest, parts: last ? [last] : [] })
}

/** Random trees of few different tokens, so that they share paths; of some a token in three is none. */
export function mergeCases(): readonly MergeCase[] {
  return [
    [1],
    [0, 3],
    [3, 0],
    [1, 1],
    [1, 2, 0, 3],
    [7, 7],
    [31, 32],
    [20, 20, 23],
    [63, 63, 63, 66],
    [255],
    [128, 127],
    [60, 200],
    [255, 255],
  ].flatMap((sizes, at) =>
    ['few tokens', 'many tokens', 'no tokens', 'chains'].map((kind) => {
      const random = randomNumbers(7 * at + kind.length)
      const parts = sizes.map((nodes, part) => randomPart(random, nodes, part, kind))
      return { name: `${sizes.join(' + ')} nodes, ${kind}`, parts, maxRows: at < 11 ? MAX_TREE_ROWS : 200 }
    }),
  )
}

function randomPart(random: (below: number) => number, nodes: number, part: number, kind: string): PartTree {
  const tokens: number[] = []
  const parents: number[] = []
  const depth = [0]
  const seen = new Set<string>()
  while (tokens.length < nodes) {
    const none = kind === 'no tokens' && random(3) === 0
    const token = none ? NO_TOKEN : random(kind === 'many tokens' ? 2048 : kind === 'chains' ? 1 + random(2) : 6)
    const back = kind === 'chains' ? random(2) : random(tokens.length + 1)
    const parent = Math.max(0, tokens.length - back)
    const key = `${parent} ${token}`
    const full = (depth[parent] as number) + 1 >= MAX_PATH || (seen.has(key) && !none)
    if (full && kind !== 'chains') continue
    if (full) {
      // The next chain begins at the root, with a token of its own.
      tokens.push(1000 + tokens.length)
      parents.push(0)
      depth.push(1)
      continue
    }
    seen.add(key)
    tokens.push(token)
    parents.push(parent)
    depth.push((depth[parent] as number) + 1)
  }
  const nested = random(2) === 0
  const bits = nested ? [31, part, part + 9] : [part]
  return { tokens, parents, bits, words: nested ? tokens.map(() => 1 + random(7)) : null }
}
