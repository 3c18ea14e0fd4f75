import type { CostCurve } from '../spec'
import { type DraftShape, type RoundCost, verifyCost } from './adaptive-cost'

/** Rounds of a size that are remembered, and how many there have to be before they count. */
const remembered = 8
const trusted = 2
/** After so many rounds without one of its own a size is forgotten: what slowed it down then may be over. */
const forgotten = 128

interface Timed {
  /** Milliseconds beyond what the curve says, of two rounds in turn where they were as large, latest last. */
  readonly excess: readonly number[]
  /** Mean of the faster half; null where there are too few. */
  readonly ms: number | null
  /** Nodes of its last pass, and what its drafting takes by. */
  readonly nodes: number
  readonly at: number
  /** Round that it was last timed in. */
  readonly round: number
}

/** Plain rounds beyond the curve, and what drafting adds by nodes, ascending from none. */
interface DraftTimes {
  readonly base: number
  readonly points: readonly Point[]
}

interface Point {
  readonly nodes: number
  readonly ms: number
}

/**
 * Costs by the measured curve, and by the clock what rounds take beyond it: drafting above all. Rounds that are the first with as many
 * nodes record and compile, so they are left out; of the others the faster half is averaged, since what else runs on a device only
 * ever slows a round down.
 */
export class ClockedCost implements RoundCost {
  readonly #sizes = new Map<number, Timed>()
  readonly #met = new Set<string>()
  /** The last round that counted. */
  #last: { readonly size: number; readonly excess: number } | null = null
  #rounds = 0
  /** As of the last round. */
  #times: DraftTimes = { base: 0, points: [{ nodes: 0, ms: 0 }] }

  constructor(private readonly curve: CostCurve) {}

  verify(nodes: number): number {
    return verifyCost(this.curve, nodes)
  }

  /**
   * A round whose draft was asked for as `size` (0: none) verified `nodes` nodes and took `ms`. Where drafting takes by something else
   * than nodes, `at` is how much of it there was, and `tree` the tree: the first of its kind compiles.
   */
  took(size: number, nodes: number, ms: number, at: number = nodes, tree: string = String(nodes)): void {
    this.#rounds++
    if (!this.#met.has(tree)) {
      this.#met.add(tree)
      this.#last = null
      return
    }
    const own = ms - this.verify(nodes)
    const mean = this.#last?.size === size ? (this.#last.excess + own) / 2 : own
    this.#last = { size, excess: own }
    const excess = [...(this.#timed(size)?.excess ?? []), mean].slice(-remembered)
    this.#sizes.set(size, { excess, ms: fasterHalf(excess), nodes, at, round: this.#rounds })
    this.#times = this.#draftTimes()
  }

  knows(size: number): boolean {
    return this.#known(size) !== null
  }

  /** Sizes not timed yet lie on the line between their neighbours; beyond the last the time grows with the nodes. */
  besides(size: number, { nodes }: DraftShape): number {
    const known = this.#known(size)
    const { base, points } = this.#times
    if (known !== null) return known
    if (size === 0) return base
    const right = points.findIndex((point) => point.nodes > nodes)
    const [left, next] = [points.at(right < 0 ? -1 : right - 1), points[right]] as [Point, Point | undefined]
    if (!next) return base + (left.nodes === 0 ? 0 : (left.ms * nodes) / left.nodes)
    return base + left.ms + ((next.ms - left.ms) * (nodes - left.nodes)) / (next.nodes - left.nodes)
  }

  #draftTimes(): DraftTimes {
    const base = this.#plain()
    const timed = [...this.#sizes.keys()].flatMap((size) => {
      const known = size === 0 ? null : this.#known(size)
      return known === null ? [] : [{ nodes: this.#timed(size)?.at as number, ms: Math.max(0, known - base) }]
    })
    return { base, points: [{ nodes: 0, ms: 0 }, ...timed.sort((a, b) => a.nodes - b.nodes)] }
  }

  /** What a plain round takes beyond the curve; guessed from the others only where they are faster than it, which drafting cannot be. */
  #plain(): number {
    const known = this.#known(0)
    if (known !== null) return known
    const guesses = [...this.#sizes].map(([size, { nodes }]) => {
      return ((this.#known(size) ?? 0) * this.verify(0)) / this.verify(nodes)
    })
    return Math.min(0, ...guesses)
  }

  #known(size: number): number | null {
    return this.#timed(size)?.ms ?? null
  }

  #timed(size: number): Timed | undefined {
    const timed = this.#sizes.get(size)
    return timed && this.#rounds - timed.round < forgotten ? timed : undefined
  }
}

function fasterHalf(excess: readonly number[]): number | null {
  if (excess.length < trusted) return null
  const faster = excess.toSorted((a, b) => a - b).slice(0, excess.length >> 1)
  return faster.reduce((sum, ms) => sum + ms, 0) / faster.length
}
