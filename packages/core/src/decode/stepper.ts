import { throwIfAborted } from '../abort'
import type { SamplingPlan } from '../sample'
import type { LogitsProcessor } from '../spec'
import { MAX_PATH } from '../spec'
import { chunkRows } from '../verify'
import type { Constrained } from './constrained'
import { Counters, type DecodeStats } from './counters'
import { prefillChunk } from './prefill'
import { replayPass, tokenCounts } from './replay'
import { type Round, runRound } from './round'
import type { Sequence } from './sequence'
import { type SessionParts, SessionState } from './session-state'
import type { Turns } from './turns'

/** The decoding loop of one session, step by step, in turns with the engine's other sessions. Plain decoding proposes nothing. */
export class Stepper {
  readonly #parts: SessionParts
  readonly #turns: Turns
  readonly #state: SessionState
  /** Whether work of this session has its turn: what it uses is freed after it. */
  #working = false

  constructor({ turns, ...parts }: SessionParts & { readonly turns: Turns }) {
    this.#parts = parts
    this.#turns = turns
    this.#state = new SessionState(parts)
  }

  get sequence(): Sequence {
    return this.#state.sequence
  }

  get vocab(): number {
    return this.#parts.model.config.vocab
  }

  /** Rows of the chunks that a prompt is prefilled in. */
  get chunkRows(): number {
    return chunkRows(this.#parts.maxRows)
  }

  /**
   * Commits prompt tokens and runs the target, `rows` rows at a time, over all but the last, which is pending then. Throws
   * `PROMPT_TOO_LONG`, `ABORTED`.
   */
  async extend(tokens: readonly number[], signal?: AbortSignal, rows: number = this.chunkRows): Promise<void> {
    const { sequence, proposer } = this.#state
    this.#state.alive()
    sequence.append(tokens)
    // Also where nothing is cut: a round that failed may have moved the device's own length.
    sequence.cut(sequence.tokens.length, proposer.align(sequence.length))
    const end = sequence.tokens.length - 1
    while (sequence.length < end) {
      throwIfAborted(signal)
      const to = Math.min(end, sequence.length + rows)
      const started = performance.now()
      await this.#turn(() => prefillChunk(this.#state, to))
      this.#state.counters.prefillMs += performance.now() - started
    }
  }

  /** Rounds from now on sample as `plan` says; what is committed is their prompt. */
  begin(plan: SamplingPlan, processors: readonly LogitsProcessor[] = [], constrained: Constrained | null = null): void {
    this.#state.alive()
    this.#state.sampler.begin(plan, this.sequence.tokens, { processors, masked: constrained !== null })
    this.#state.constrained = constrained
  }

  /**
   * After `begin`: commits tokens that were generated before, by passes of the kind that verifies, so that their cache entries have the bits of
   * decoding; the proposer follows as it follows rounds that others drafted. Throws `PROMPT_TOO_LONG`, `ABORTED`.
   */
  async replay(tokens: readonly number[], signal?: AbortSignal): Promise<void> {
    const { sequence, sampler } = this.#state
    this.#state.alive()
    sequence.fit(tokens)
    if (tokens.length > 0 && sampler.stages.count)
      this.#parts.backend.write(sampler.tensors.counts, tokenCounts(sequence.tokens, tokens, this.vocab))
    const most = Math.min(this.#parts.maxRows, MAX_PATH)
    for (let at = 0; at < tokens.length; at += most) {
      throwIfAborted(signal)
      await this.#turn(() => replayPass(this.#state, tokens.slice(at, at + most)))
    }
  }

  /** One round that commits at most `most` tokens. Throws what the strategy and the device throw, `LOGITS_NOT_FINITE`. */
  round(most: number): Promise<Round> {
    return this.#turn(() => runRound(this.#state, most))
  }

  /** What was done since the session began, or since `resetStats`. */
  stats(): DecodeStats {
    const { counters, proposer } = this.#state
    const { name, guarantee } = this.#parts.rule
    return counters.snapshot({ name, guarantee }, proposer.report())
  }

  /** Counts from nothing again. */
  resetStats(): void {
    this.#state.counters = new Counters()
  }

  /**
   * Goes back to the first `tokens` committed tokens, the last of which is to be pending; `extend`, also by nothing, brings the
   * caches there.
   */
  truncate(tokens: number): void {
    const { sequence, proposer } = this.#state
    this.#state.alive()
    const length = Math.max(0, Math.min(sequence.length, tokens - 1))
    sequence.cut(tokens, length)
    sequence.cut(tokens, proposer.align(length))
  }

  /** Ends the session; while a round is running, what it uses is freed when the round ends. */
  dispose(): void {
    if (this.#state.ended) return
    this.#state.end()
    if (!this.#working) this.#state.dispose()
  }

  /** Runs work of this session when it is its turn. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      this.#state.alive()
      this.#working = true
      try {
        return await work()
      } finally {
        this.#working = false
        if (this.#state.ended) this.#state.dispose()
      }
    })
  }
}
