import { throwIfAborted } from '../abort'
import { OutriderError } from '../errors'
import type { SamplingPlan } from '../sample'
import type { LogitsProcessor } from '../spec'
import { MAX_PATH } from '../spec'
import { chunkRows } from '../verify'
import type { Constrained } from './constrained'
import { Counters, type DecodeStats } from './counters'
import { prefillChunk } from './prefill'
import { replayPass, tokenCounts } from './replay'
import { type BegunRound, beginRound, endRound, followsUnread, type Round, runRound } from './round'
import type { Sequence } from './sequence'
import { type SessionParts, SessionState } from './session-state'
import type { Turns } from './turns'

/** A round that was begun before the one ahead of it was read. */
interface Ahead {
  /** Settles once the round is submitted. */
  readonly begun: Promise<BegunRound>
  /** Given up before its turn came: it is not to be submitted. */
  dropped: boolean
}

/** The decoding loop of one session, step by step, in turns with the engine's other sessions. Plain decoding proposes nothing. */
export class Stepper {
  readonly #parts: SessionParts
  readonly #turns: Turns
  readonly #state: SessionState
  /** Work of this session that runs, on the host or on the device: what it uses is freed after it. */
  #working = 0
  #ahead: Ahead | null = null

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
    await this.settle()
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
    await this.settle()
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

  /**
   * One round that commits at most `most` tokens. Where `more` follow, `most` in all, and nothing on the host decides over the next
   * one, that is submitted before this one is read, unless that may give all `most`; it is what the next call gives, as deep as any other
   * and so at times more than `most`, or `settle` gives it up. Throws what the strategy and the device throw,
   * `LOGITS_NOT_FINITE`.
   */
  async round(most: number, more = false): Promise<Round> {
    if (!this.#ahead && !(more && followsUnread(this.#state))) return this.#turn(() => runRound(this.#state, most))
    this.#state.alive()
    return this.#hold(async () => {
      const next = this.#ahead ?? this.#begin(most, 0)
      this.#ahead = null
      const begun = await next.begun
      const unread = begun.draft.levels + 1
      // At the end of its room a draft is as deep as is really left: it waits to know.
      const left = this.sequence.room - unread
      if (more && most > unread && left >= unread) this.#ahead = this.#begin(left, unread)
      try {
        return await endRound(this.#state, begun)
      } catch (error) {
        await this.#drop()
        throw error
      }
    })
  }

  /** Gives up a round that was begun ahead, and waits until nothing of the session runs on the device. */
  async settle(): Promise<void> {
    if (!this.#ahead) return
    await this.#drop()
    if (this.#state.ended) return
    const { sequence } = this.#state
    sequence.cut(sequence.tokens.length, sequence.length)
  }

  /** After a generation that ended: lets go of what is only that one's. False where another cannot go on with the rest. */
  rest(): boolean {
    const { reusable, proposer } = this.#state
    if (reusable) proposer.rest()
    return reusable
  }

  /** Begins anew after `rest`: what was allocated and recorded stays. Throws `STRATEGY_FAILED`. */
  restart(): void {
    this.#state.proposer.restart()
    this.truncate(0)
    this.resetStats()
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
    if (this.#working === 0) this.#state.dispose()
  }

  /** Submits a round when it is its turn, without waiting for what it comes to. */
  #begin(most: number, unread: number): Ahead {
    const submit = async (): Promise<BegunRound> => {
      this.#state.alive()
      if (ahead.dropped) throw new OutriderError('ABORTED', 'the round was given up before its turn came')
      return this.#hold(async () => {
        const begun = await beginRound(this.#state, most, unread)
        this.#hold(() => begun.verdict).catch(() => {})
        return begun
      })
    }
    const begun = this.#turns.submit(submit, ({ verdict }) => verdict)
    // Its error is met where the round is asked for.
    begun.catch(() => {})
    const ahead: Ahead = { begun, dropped: false }
    return ahead
  }

  /** Waits for a round that was begun in vain; what becomes of it concerns nobody. */
  async #drop(): Promise<void> {
    const ahead = this.#ahead
    if (!ahead) return
    this.#ahead = null
    ahead.dropped = true
    await ahead.begun.then(({ verdict }) => verdict).catch(() => {})
  }

  /** Runs work of this session when it is its turn. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      this.#state.alive()
      return this.#hold(work)
    })
  }

  /** Keeps what the session holds until `work` has ended. */
  async #hold<T>(work: () => Promise<T>): Promise<T> {
    this.#working++
    try {
      return await work()
    } finally {
      this.#working--
      if (this.#working === 0 && this.#state.ended) this.#state.dispose()
    }
  }
}
