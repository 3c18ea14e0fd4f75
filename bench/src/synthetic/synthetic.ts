import {
  chain,
  type Draft,
  OutriderError,
  type Program,
  type Proposer,
  type SessionView,
  type Strategy,
  type Tensor,
} from '@outrider/core'
import { draftsOf } from './drafts'
import type { Acceptance, KnownTexts } from './known-texts'
import { recordDraft } from './record-draft'

/** A drafter of known acceptance. */
export interface SyntheticOptions extends Acceptance {
  readonly name: string
  /** Tokens of a chain. */
  readonly tokens: number
  /** Whether chains are left on the device by a program, as heads do, or given by the host, as lookups do. */
  readonly onDevice: boolean
}

/**
 * Drafts chains whose tokens are right with a given probability, at no cost: what speculation is worth on a device can be measured
 * without a head. It knows only texts that `texts` was told of, and drafts nothing for others. Throws `INVALID_OPTION`.
 */
export function synthetic(texts: KnownTexts, options: SyntheticOptions): Strategy {
  const { name, p, tokens } = options
  if (!(p >= 0 && p <= 1)) throw invalid(`${name}: p must be a probability, not ${p}`)
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > 63)
    throw invalid(`${name}: tokens must be a whole number from 1 to 63, not ${tokens}`)
  return {
    specVersion: 1,
    name,
    load: async ({ target }) => ({
      start: (session) => new SyntheticProposer(session, texts, options, target.config.vocab),
    }),
  }
}

class SyntheticProposer implements Proposer {
  /** What is drafted for each position; null before the session's text is looked up. */
  #drafts: Uint32Array<ArrayBuffer> | null = null
  #table: Tensor | null = null
  readonly #programs = new Map<number, Program>()

  constructor(
    private readonly session: SessionView,
    private readonly texts: KnownTexts,
    private readonly options: SyntheticOptions,
    private readonly vocab: number,
  ) {}

  /** What the program drafts follows from the length on the device. */
  get ahead(): boolean {
    return this.options.onDevice
  }

  propose({ nodes, depth }: { readonly nodes: number; readonly depth: number }): Draft {
    // On the device what is drafted beyond the text that is known is wrong, and costs no more.
    const length = this.options.onDevice ? 0 : this.session.tokens.length
    this.#drafts ??= this.#lookUp()
    const count = Math.min(this.options.tokens, nodes, depth, this.#drafts.length - length)
    if (count < 1) return null
    if (!this.options.onDevice) return chain(Array.from(this.#drafts.subarray(length, length + count)))
    const parents = Array.from({ length: count }, (_, node) => node - 1)
    return { programs: [this.#program(count)], nodes: count, parents }
  }

  truncate(length: number): number {
    this.#drafts = null
    return length
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose()
    this.#table?.dispose()
  }

  #lookUp(): Uint32Array<ArrayBuffer> {
    const found = this.texts.find(this.session.tokens)
    const drafts = found ? draftsOf(found.text, found.number, this.vocab, this.options) : new Uint32Array(0)
    if (this.options.onDevice && drafts.length > 0) {
      const { backend, slots } = this.session
      this.#table ??= backend.tensor([slots], 'u32', 'synthetic drafts')
      backend.write(this.#table, drafts.subarray(0, slots))
    }
    return drafts
  }

  #program(count: number): Program {
    const known = this.#programs.get(count)
    if (known) return known
    const program = recordDraft(this.session, this.#table as Tensor, count)
    this.#programs.set(count, program)
    return program
  }
}

function invalid(message: string): OutriderError {
  return new OutriderError('INVALID_OPTION', message)
}
