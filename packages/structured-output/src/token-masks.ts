import { type Automaton, reachable } from './automaton'
import type { Vocabulary } from './vocabulary'

/** Masks that are kept. */
const most = 1024

/** Which tokens may follow in each state of an automaton. */
export class TokenMasks {
  readonly #kept: Map<number, Uint32Array> = new Map()
  readonly #reached: Int32Array
  /** States that tokens lead on from to a complete text; null: all of them, as mostly, where every byte is a token of its own. */
  readonly #alive: ReadonlySet<number> | null

  constructor(
    readonly automaton: Automaton,
    readonly vocabulary: Vocabulary,
  ) {
    this.#reached = new Int32Array(vocabulary.tokens.length)
    this.#alive = this.#leadingOn()
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
    const { words, tokens, eos } = this.vocabulary
    const mask = new Uint32Array(words)
    const allow = (id: number) => {
      mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
    }
    const after = this.#walk(state)
    for (let at = 0; at < tokens.length; at++)
      if ((after[at] as number) >= 0 && this.#isAlive(after[at] as number)) allow(tokens[at] as number)
    if (this.automaton.complete[state]) for (const id of eos) allow(id)
    return mask
  }

  /** The state after each token by its place, -1 where it may not stand; written over by the next walk. */
  #walk(state: number): Int32Array {
    const { byte, depth, after, end, deepest } = this.vocabulary
    const { table } = this.automaton
    const reached = this.#reached.fill(-1)
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
      const last = end[node] as number
      for (let at = node === 0 ? 0 : (end[node - 1] as number); at < last; at++) reached[at] = next
      node++
    }
    return reached
  }

  #isAlive(state: number): boolean {
    return this.#alive === null || this.#alive.has(state)
  }

  #leadingOn(): ReadonlySet<number> | null {
    const { states, table, complete } = this.automaton
    if (this.vocabulary.single.size === 256) return null
    const back = Array.from({ length: states }, (): number[] => [])
    for (let state = 0; state < states; state++)
      for (const byte of this.vocabulary.single) back[table[state * 256 + byte] as number]?.push(state)
    const ends = complete.flatMap((is, state) => (is ? [state] : []))
    const byBytes = reachable(ends, back)
    if (byBytes.size === states) return null
    for (let state = 0; state < states; state++)
      if (!byBytes.has(state)) for (const to of this.#walk(state)) back[to]?.push(state)
    return reachable(ends, back)
  }
}
