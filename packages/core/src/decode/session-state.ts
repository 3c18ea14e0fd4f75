import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { AcceptanceRule, Backend, DecoderModel, KvCache, SessionView, Tensor } from '../spec'
import { DRAFT_STREAM } from '../spec'
import { type Kept, Sampler, Verifier } from '../verify'
import type { Constrained } from './constrained'
import { Counters } from './counters'
import { Device } from './device'
import { GuardedProposer, type NamedStrategy } from './guarded-proposer'
import { Judge } from './judge'
import { Sequence } from './sequence'

/** What a session is made of. */
export interface SessionParts {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly capacity: number
  readonly maxRows: number
  /** Hidden states that the strategy needs: `final` or layer ids. */
  readonly keep: readonly ('final' | number)[]
  readonly rule: AcceptanceRule
  /** null: plain decoding, the empty proposer. */
  readonly strategy: NamedStrategy | null
  /** Whether rounds are timed by the device's own clock. */
  readonly timed: boolean
}

/** What a session holds: its committed tokens and caches, what verifies and samples, its proposer. Freed together. */
export class SessionState {
  readonly sequence: Sequence
  readonly sampler: Sampler
  readonly verifier: Verifier
  readonly device: Device
  readonly judge: Judge
  readonly proposer: GuardedProposer
  /** Of the present generation. */
  counters: Counters = new Counters()
  constrained: Constrained | null = null
  readonly #owned = new Owned()
  #ended = false

  constructor(readonly parts: SessionParts) {
    const { backend, model, capacity, maxRows, rule, strategy, timed } = parts
    const slots = capacity + maxRows
    const { vocab } = model.config
    try {
      this.sequence = this.#owned.add(new Sequence(backend, slots, capacity))
      const cache = this.#owned.add(model.cache(slots, 'target'))
      const kept = this.#keep()
      const sequence = this.sequence.tensors
      const sampler = this.#owned.add(new Sampler(backend, vocab, maxRows, sequence))
      const verifier = this.#owned.add(new Verifier({ backend, model, cache, sequence, rule, sampler, maxRows, kept }))
      this.sampler = sampler
      this.verifier = verifier
      this.device = new Device(backend, () => this.counters, timed)
      const { device } = this
      const { tokens } = this.sequence
      this.judge = new Judge({ backend, verifier, sampler, rule, device, vocab, tokens, alive: () => this.alive() })
      this.proposer = new GuardedProposer(strategy, this.#view(cache, kept, slots), vocab)
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Whether the session was ended: what it holds is freed once nothing runs. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether another generation can use what it holds, and would not add to it without end. */
  get reusable(): boolean {
    const { sampler, verifier, proposer } = this
    return !this.#ended && !sampler.grown && (proposer.reusable || !verifier.continues)
  }

  /** Nothing is to run from now on. */
  end(): void {
    this.#ended = true
  }

  /** Throws `DISPOSED` where the session was ended. */
  alive(): void {
    if (this.#ended) throw new OutriderError('DISPOSED', 'the session was disposed of; start a new one')
  }

  dispose(): void {
    try {
      this.proposer.dispose()
    } finally {
      this.#owned.dispose()
    }
  }

  #keep(): Kept {
    const { backend, model, maxRows, keep } = this.parts
    const tensor = (which: 'final' | number): [typeof which, Tensor] => {
      const shape = [maxRows, model.config.hidden]
      return [which, this.#owned.add(backend.tensor(shape, 'f32', `hidden state ${which}`))]
    }
    return new Map(keep.map(tensor))
  }

  /** What the session's proposer sees. */
  #view(cache: KvCache, kept: Kept, slots: number): SessionView {
    const { sequence, sampler, verifier } = this
    const { backend, rule, maxRows } = this.parts
    const stream = rule.guarantee === 'same-tokens' ? 0 : DRAFT_STREAM
    return {
      backend,
      get tokens() {
        return sequence.tokens
      },
      sequence: sequence.tensors,
      tree: verifier.tree,
      outcome: verifier.outcome,
      cache,
      guarantee: rule.guarantee,
      q: verifier.drawn?.rows.logits ?? null,
      get noise() {
        return sampler.stages.noise ? { sampling: sampler.tensors, stream } : null
      },
      slots,
      maxRows,
      hidden: (which) => kept.get(which),
    }
  }
}
