import type { CostCurve } from '../spec'
import { type DraftShape, type RoundCost, verifyCost } from './adaptive-cost'

/** Rounds of a size that are remembered, and how many there have to be before they count. */
const remembered = 8
const trusted = 2
/** After so many rounds without one of its own a size is forgotten: what slowed it down then may be over. */
const forgotten = 128

interface Timed {
  /** Milliseconds beyond what the curve says, latest last. */
  readonly excess: number[]
  /** Nodes of its last draft. */
  nodes: number
  /** Round that it was last timed in. */
  round: number
}

interface DraftTime {
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
  readonly #met = new Set<number>()
  #rounds = 0

  constructor(private readonly curve: CostCurve) {}

  verify(nodes: number): number {
    return verifyCost(this.curve, nodes)
  }

  /** A round whose draft was asked for as `size` (0: none) verified `nodes` nodes and took `ms`. */
  took(size: number, nodes: number, ms: number): void {
    this.#rounds++
    if (!this.#met.has(nodes)) {
      this.#met.add(nodes)
      return
    }
    const excess = [...(this.#timed(size)?.excess ?? []), ms - this.verify(nodes)].slice(-remembered)
    this.#sizes.set(size, { excess, nodes, round: this.#rounds })
  }

  knows(size: number): boolean {
    return this.#known(size) !== null
  }

  /** Sizes not timed yet lie on the line between their neighbours; beyond the last the time grows with the nodes. */
  besides(size: number, { nodes }: DraftShape): number {
    const known = this.#known(size)
    if (known !== null) return known
    const base = this.#plain()
    if (size === 0) return base
    const points = [{ nodes: 0, ms: 0 }, ...this.#drafting(base)]
    const left = points.findLast((point) => point.nodes <= nodes) as DraftTime
    const right = points.find((point) => point.nodes > nodes)
    if (!right) return base + (left.nodes === 0 ? 0 : (left.ms * nodes) / left.nodes)
    return base + left.ms + ((right.ms - left.ms) * (nodes - left.nodes)) / (right.nodes - left.nodes)
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

  /** Milliseconds of drafting by nodes, ascending. */
  #drafting(base: number): readonly DraftTime[] {
    return [...this.#sizes]
      .flatMap(([size, { nodes }]) => {
        const known = size === 0 ? null : this.#known(size)
        return known === null ? [] : [{ nodes, ms: Math.max(0, known - base) }]
      })
      .sort((a, b) => a.nodes - b.nodes)
  }

  #known(size: number): number | null {
    const excess = this.#timed(size)?.excess ?? []
    if (excess.length < trusted) return null
    const faster = excess.toSorted((a, b) => a - b).slice(0, excess.length >> 1)
    return faster.reduce((sum, ms) => sum + ms, 0) / faster.length
  }

  #timed(size: number): Timed | undefined {
    const timed = this.#sizes.get(size)
    return timed && this.#rounds - timed.round < forgotten ? timed : undefined
  }
}
