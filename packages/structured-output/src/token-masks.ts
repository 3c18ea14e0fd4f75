import { type Automaton, reachable } from './automaton'
import type { Vocabulary } from './vocabulary'

/** Masks that are kept. */
const most = 1024

/** Which tokens may follow in each state of an automaton. */
export class TokenMasks {
  readonly #kept: Map<number, Uint32Array> = new Map()
  /** States that tokens lead on from to a complete text; null: all of them, as every byte is a token of its own. */
  readonly #alive: ReadonlySet<number> | null

  constructor(
    readonly automaton: Automaton,
    readonly vocabulary: Vocabulary,
  ) {
    this.#alive = this.#spellsAll() ? null : this.#leadingOn()
  }

  /** Whether any text of the language can be spelled with these tokens. */
  get possible(): boolean {
    return this.#isAlive(this.automaton.initial)
  }

  /** u32 [⌈vocab / 32⌉]; not to be changed. */
  mask(state: number): Uint32Array {
    const known = this.#kept.get(state)
    const mask = known ?? this.#compute(state)
    if (known) this.#kept.delete(state)
    else if (this.#kept.size >= most) this.#kept.delete(this.#kept.keys().next().value as number)
    this.#kept.set(state, mask)
    return mask
  }

  /** The state after a token, -1 where it may not stand. */
  after(state: number, token: number): number {
    const { table } = this.automaton
    const bytes = this.vocabulary.spelled[token]
    if (!bytes?.length || this.vocabulary.eos.includes(token)) return -1
    let at = state
    for (const byte of bytes) {
      at = table[at * 256 + byte] as number
      if (at < 0) return -1
    }
    return this.#isAlive(at) ? at : -1
  }

  #compute(state: number): Uint32Array {
    const mask = new Uint32Array(this.vocabulary.words)
    const allow = (id: number) => {
      mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
    }
    this.#walk(state, (from, end, to) => {
      if (!this.#isAlive(to)) return
      for (let at = from; at < end; at++) allow(this.vocabulary.tokens[at] as number)
    })
    if (this.automaton.complete[state]) for (const id of this.vocabulary.eos) allow(id)
    return mask
  }

  /** Calls back with tokens, by their places, and the state after them. */
  #walk(state: number, found: (from: number, end: number, to: number) => void): void {
    const { byte, depth, after, end, deepest } = this.vocabulary
    const { table } = this.automaton
    const states = new Int32Array(deepest + 1)
    states[0] = state
    for (let node = 0; node < byte.length; ) {
      const level = depth[node] as number
      const next = table[(states[level - 1] as number) * 256 + (byte[node] as number)] as number
      if (next < 0) {
        node = after[node] as number
        continue
      }
      states[level] = next
      const from = node === 0 ? 0 : (end[node - 1] as number)
      if (from < (end[node] as number)) found(from, end[node] as number, next)
      node++
    }
  }

  #isAlive(state: number): boolean {
    return this.#alive === null || this.#alive.has(state)
  }

  #spellsAll(): boolean {
    return this.automaton.table.every((to, at) => to < 0 || this.vocabulary.single.has(at & 255))
  }

  #leadingOn(): ReadonlySet<number> {
    const { states, complete } = this.automaton
    const back = Array.from({ length: states }, (): number[] => [])
    for (let state = 0; state < states; state++) this.#walk(state, (_, __, to) => void back[to]?.push(state))
    return reachable(
      complete.flatMap((ends, state) => (ends ? [state] : [])),
      back,
    )
  }
}
