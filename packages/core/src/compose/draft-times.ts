/** Rounds of a kind that its mean goes over, so that it follows what changes slowly. */
const remembered = 16
/** Rounds of a kind that make it known, and all rounds after its last one that make it unknown again. */
const trusted = 2
const forgotten = 512
/** The first rounds of a kind, which may compile: of so many a low one counts, not their mean. */
const starting = 6
/** As how many rounds of a kind counts what others say of it, and rounds without it after which what it says itself counts half. */
const prior = 8
const halfLife = 128
/** Rounds without it after which a kind is let go: engines live long, and trees change. */
const kept = 1024

interface Timed {
  /** What its rounds take beyond the curve, ms, and of how many that is known. */
  ms: number
  weight: number
  /** The first of them, ascending. */
  readonly first: number[]
  /** How much drafting there is in it. */
  readonly work: number
  /** Nodes of its last pass. */
  nodes: number
  /** Round that it was last timed in. */
  round: number
}

/**
 * What rounds take beyond a cost curve, by kind of draft (0: none), whichever of an engine's sessions timed them. A kind that was timed
 * little is drawn towards the line of the others: time by the work of drafting, from plain rounds on.
 */
export class DraftTimes {
  readonly #kinds = new Map<number, Timed>()
  #rounds = 0
  /** As of the last round that was learned. */
  #line: { readonly base: number; readonly slope: number }

  /** `verify`: ms of a pass that verifies so many nodes. `level`: what a unit of work is assumed to take, ms, until some was timed. */
  constructor(
    private readonly verify: (nodes: number) => number,
    private readonly level: number,
  ) {
    this.#line = { base: 0, slope: level }
  }

  /** A round of that kind, of a pass over `nodes` nodes, took `ms` beyond the curve. */
  learn(kind: number, work: number, nodes: number, ms: number): void {
    const timed = this.#kinds.get(kind) ?? { ms, weight: 0, first: [], work, nodes, round: 0 }
    const { first } = timed
    timed.weight = Math.min(timed.weight + 1, remembered)
    if (first.length < starting) {
      first.push(ms)
      first.sort((a, b) => a - b)
      timed.ms = first[Math.floor((first.length - 1) / 3)] as number
    } else timed.ms += (ms - timed.ms) / timed.weight
    timed.nodes = nodes
    timed.round = ++this.#rounds
    this.#kinds.set(kind, timed)
    this.#line = this.#drawn()
  }

  knows(kind: number): boolean {
    const timed = this.#kinds.get(kind)
    return timed !== undefined && timed.weight >= trusted && this.#rounds - timed.round < forgotten
  }

  /** As `besides`, of what its own rounds took alone where it is known. */
  mean(kind: number, work: number): number {
    return this.knows(kind) ? (this.#kinds.get(kind) as Timed).ms : this.besides(kind, work)
  }

  /** Milliseconds beyond the curve that a round of that kind takes, as far as is known. */
  besides(kind: number, work: number): number {
    const { base, slope } = this.#line
    const timed = this.#kinds.get(kind)
    if (kind === 0) return timed?.ms ?? base
    const line = base + slope * work
    if (!timed) return line
    const weight = this.#weight(timed)
    return (timed.ms * weight + line * prior) / (weight + prior)
  }

  #drawn(): { readonly base: number; readonly slope: number } {
    const drafted: Timed[] = []
    for (const [kind, timed] of this.#kinds) {
      if (kind !== 0 && this.#rounds - timed.round > kept) this.#kinds.delete(kind)
      else if (kind !== 0) drafted.push(timed)
    }
    const base = this.#kinds.get(0)?.ms ?? this.#guessed(drafted)
    let [sum, all] = [this.level * prior, prior]
    for (const timed of drafted) {
      const weight = this.#weight(timed)
      sum += weight * (timed.ms - base)
      all += weight * timed.work
    }
    return { base, slope: Math.max(0, sum / all) }
  }

  #weight({ weight, round }: Timed): number {
    return weight * 0.5 ** ((this.#rounds - round) / halfLife)
  }

  /** What plain rounds take: guessed from the others only where they are faster than the curve, which drafting cannot be. */
  #guessed(drafted: readonly Timed[]): number {
    return Math.min(0, ...drafted.map(({ ms, nodes }) => (ms * this.verify(0)) / this.verify(nodes)))
  }
}
