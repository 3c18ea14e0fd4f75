/** How a round ended. */
export interface SizeOutcome {
  /** Nodes that the draft was asked to have at most, and those that it had: 0, the part had nothing to say. */
  readonly asked: number
  readonly given: number
  /** Accepted nodes, root side first. */
  readonly path: readonly number[]
  readonly chain: boolean
}

/** Rounds after which an outcome counts half. */
const halfLife = 32
const discount = 0.5 ** (1 / halfLife)
/** Weight of a tree's outcome for a smaller tree: which of its nodes that would have kept is a guess. */
const guessed = 0.25
/** Acceptance that is assumed before anything was seen, and as how many rounds that counts. */
const assumed = 0.8
const prior = 2

/** Sums of one size. Outcomes fade as others come in, not with time: a size that is not tried keeps what is known of it. */
interface Sums {
  /** What is left of the prior. */
  prior: number
  weight: number
  tokens: number
  verify: number
}

/**
 * Tokens that a round commits, and what its pass costs, for each size that a draft may be asked to have: discounted means over the
 * rounds so far. A round tells of smaller sizes what they would have kept: the path's nodes that come first. That is exact for chains
 * and for trees whose smaller forms are their beginnings. A chain also tells of larger sizes: refused before its end they would have
 * brought no more, and beyond its end it is carried on with the acceptance seen so far.
 */
export class SizeEstimates {
  readonly #sums: ReadonlyMap<number, Sums>
  #kept = assumed * prior
  #tried = prior
  /** Largest draft seen, and whether the part ever gave less than it was asked for. */
  #largest = 0
  #bounded = false
  /** Whether the part drafts chains and nothing else, as far as was seen. */
  chain = true

  /** `verify`: cost of a pass over so many nodes. */
  constructor(
    readonly sizes: readonly number[],
    private readonly verify: (nodes: number) => number,
  ) {
    this.#sums = new Map(sizes.map((size) => [size, { prior, weight: 0, tokens: 0, verify: 0 }]))
  }

  /** Nodes of a draft that is asked for as `size`, as far as is known. */
  reach(size: number): number {
    return this.#bounded ? Math.min(size, this.#largest) : size
  }

  tokens(size: number): number {
    const { prior, weight, tokens } = this.#of(size)
    return (tokens + prior * (1 + run(assumed, this.reach(size)))) / (weight + prior)
  }

  verifyCost(size: number): number {
    const { prior, weight, verify } = this.#of(size)
    return (verify + prior * this.verify(this.reach(size))) / (weight + prior)
  }

  observe(outcome: SizeOutcome): void {
    const { asked, given, path } = outcome
    if (given > 0) {
      this.chain &&= outcome.chain
      this.#largest = Math.max(this.#largest, given)
      if (given < asked) this.#bounded = true
    }
    if (this.chain) {
      this.#kept = this.#kept * discount + path.length
      this.#tried = this.#tried * discount + Math.min(given, path.length + 1)
    }
    for (const size of this.sizes) {
      const { weight, kept, nodes } = this.#told(size, outcome)
      const sums = this.#of(size)
      const fading = discount ** weight
      sums.prior *= fading
      sums.weight = sums.weight * fading + weight
      sums.tokens = sums.tokens * fading + weight * (1 + kept)
      sums.verify = sums.verify * fading + weight * this.verify(nodes)
    }
  }

  /** What the round says of a draft of `size`: nodes kept of how many, and with which weight. */
  #told(size: number, { asked, given, path }: SizeOutcome): { weight: number; kept: number; nodes: number } {
    const nodes = given < asked ? Math.min(size, given) : this.reach(size)
    if (size <= asked) {
      const exact = this.chain || size === asked || given <= size
      return { weight: exact ? 1 : guessed, kept: path.filter((node) => node < size).length, nodes }
    }
    const whole = path.length === given && given === asked
    const further = whole ? run(this.#kept / this.#tried, nodes - given) : 0
    return { weight: this.chain ? 1 : 0, kept: path.length + further, nodes }
  }

  #of(size: number): Sums {
    return this.#sums.get(size) as Sums
  }
}

/** Nodes that are kept of a chain of `nodes` where each is with probability `acceptance` if all before it are. */
export function run(acceptance: number, nodes: number): number {
  return acceptance === 1 ? nodes : (acceptance * (1 - acceptance ** nodes)) / (1 - acceptance)
}
