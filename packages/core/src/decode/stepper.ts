import { throwIfAborted } from '../abort'
import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { SamplingPlan } from '../sample'
import type { AcceptanceRule, Backend, DecoderModel, KvCache, LogitsProcessor, SessionView, Tensor } from '../spec'
import { DRAFT_STREAM, MAX_PATH, NO_TOKEN, OUTCOME } from '../spec'
import { chunkRows, type Kept, Sampler, Verifier } from '../verify'
import type { Constrained } from './constrained'
import { Counters, type DecodeStats } from './counters'
import { creditPath, proposedTokens } from './credit'
import { Device } from './device'
import type { LaidDraft } from './draft-layer'
import { GuardedProposer, type NamedStrategy } from './guarded-proposer'
import { acceptedPath } from './host-verdict'
import { Judge } from './judge'
import { tokenCounts } from './replay'
import { Sequence } from './sequence'
import type { Turns } from './turns'

/** What a session is made of. */
export interface StepperParts {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly capacity: number
  readonly maxRows: number
  /** Hidden states that the strategy needs: `final` or layer ids. */
  readonly keep: readonly ('final' | number)[]
  readonly rule: AcceptanceRule
  /** null: plain decoding, the empty proposer. */
  readonly strategy: NamedStrategy | null
  readonly turns: Turns
  /** Whether rounds are timed by the device's own clock. */
  readonly timed: boolean
}

/** What a round committed. */
export interface Round {
  /** The accepted draft tokens, then the target's own. */
  readonly tokens: readonly number[]
  readonly accepted: number
  /** Nodes that were drafted. */
  readonly nodes: number
  /** For each accepted token who drafted it: the strategy, or parts of a composition. */
  readonly by: readonly (readonly string[])[]
  /** Of each token under the model's own logits, nats; null where they were not asked for. */
  readonly logProbs: readonly number[] | null
}

/** The decoding loop of one session: prefill, then propose, verify, accept, commit. Plain decoding proposes nothing. */
export class Stepper {
  counters: Counters = new Counters()
  readonly sequence: Sequence
  readonly #owned = new Owned()
  readonly #cache: KvCache
  readonly #kept: Kept
  readonly #sampler: Sampler
  readonly #verifier: Verifier
  readonly #proposer: GuardedProposer
  readonly #device: Device
  readonly #judge: Judge
  #constrained: Constrained | null = null
  #live = true
  /** Whether work of this session has its turn: what it uses is freed after it. */
  #working = false

  constructor(private readonly parts: StepperParts) {
    const { backend, model, capacity, maxRows, strategy } = parts
    const slots = capacity + maxRows
    try {
      this.sequence = this.#owned.add(new Sequence(backend, slots, capacity))
      this.#cache = this.#owned.add(model.cache(slots, 'target'))
      this.#kept = this.#keep()
      this.#sampler = this.#owned.add(new Sampler(backend, model.config.vocab, maxRows, this.sequence.tensors))
      this.#verifier = this.#owned.add(
        new Verifier({
          backend,
          model,
          cache: this.#cache,
          sequence: this.sequence.tensors,
          rule: parts.rule,
          sampler: this.#sampler,
          maxRows,
          kept: this.#kept,
        }),
      )
      this.#device = new Device(backend, () => this.counters, parts.timed)
      this.#judge = new Judge({
        backend,
        verifier: this.#verifier,
        sampler: this.#sampler,
        rule: parts.rule,
        device: this.#device,
        vocab: model.config.vocab,
        tokens: this.sequence.tokens,
        alive: () => this.#alive(),
      })
      this.#proposer = new GuardedProposer(strategy, this.#view(slots), model.config.vocab)
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  get vocab(): number {
    return this.parts.model.config.vocab
  }

  /** Rows of the chunks that a prompt is prefilled in. */
  get chunkRows(): number {
    return chunkRows(this.parts.maxRows)
  }

  /**
   * Commits prompt tokens and runs the target, `rows` rows at a time, over all but the last, which is pending then. Throws
   * `PROMPT_TOO_LONG`, `ABORTED`.
   */
  async extend(tokens: readonly number[], signal?: AbortSignal, rows: number = this.chunkRows): Promise<void> {
    this.#alive()
    this.sequence.append(tokens)
    // Also where nothing is cut: a round that failed may have moved the device's own length.
    this.sequence.cut(this.sequence.tokens.length, this.#proposer.align(this.sequence.length))
    const end = this.sequence.tokens.length - 1
    while (this.sequence.length < end) {
      throwIfAborted(signal)
      const to = Math.min(end, this.sequence.length + rows)
      const started = performance.now()
      await this.#turn(() => this.#chunk(to))
      this.counters.prefillMs += performance.now() - started
    }
  }

  /** Rounds from now on sample as `plan` says; what is committed is their prompt. */
  begin(plan: SamplingPlan, processors: readonly LogitsProcessor[] = [], constrained: Constrained | null = null): void {
    this.#alive()
    this.#sampler.begin(plan, this.sequence.tokens, { processors, masked: constrained !== null })
    this.#constrained = constrained
  }

  /**
   * After `begin`: commits tokens that were generated before, by passes of the kind that verifies, so that their cache entries have the bits of
   * decoding; the proposer follows as it follows rounds that others drafted. Throws `PROMPT_TOO_LONG`, `ABORTED`.
   */
  async replay(tokens: readonly number[], signal?: AbortSignal): Promise<void> {
    this.#alive()
    this.sequence.fit(tokens)
    const { backend, model } = this.parts
    if (tokens.length > 0 && this.#sampler.stages.count)
      backend.write(this.#sampler.tensors.counts, tokenCounts(this.sequence.tokens, tokens, model.config.vocab))
    const most = Math.min(this.parts.maxRows, MAX_PATH)
    for (let at = 0; at < tokens.length; at += most) {
      throwIfAborted(signal)
      await this.#turn(() => this.#replay(tokens.slice(at, at + most)))
    }
  }

  /** One round that commits at most `most` tokens. Throws what the strategy and the device throw, `LOGITS_NOT_FINITE`. */
  round(most: number): Promise<Round> {
    return this.#turn(() => this.#round(most))
  }

  /** What the generation did so far. */
  stats(): DecodeStats {
    return this.counters.snapshot(this.#proposer.report())
  }

  /**
   * Goes back to the first `tokens` committed tokens, the last of which is to be pending; `extend`, also by nothing, brings the
   * caches there.
   */
  truncate(tokens: number): void {
    this.#alive()
    const length = Math.max(0, Math.min(this.sequence.length, tokens - 1))
    this.sequence.cut(tokens, length)
    this.sequence.cut(tokens, this.#proposer.align(length))
  }

  /** Ends the session; while a round is running, what it uses is freed when the round ends. */
  dispose(): void {
    if (!this.#live) return
    this.#live = false
    if (!this.#working) this.#release()
  }

  #release(): void {
    try {
      this.#proposer.dispose()
    } finally {
      this.#owned.dispose()
    }
  }

  /** Runs work of this session when it is its turn. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    return this.parts.turns.take(async () => {
      this.#alive()
      this.#working = true
      try {
        return await work()
      } finally {
        this.#working = false
        if (!this.#live) this.#release()
      }
    })
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
  #view(slots: number): SessionView {
    const { sequence } = this
    const kept = this.#kept
    const sampler = this.#sampler
    const stream = this.parts.rule.guarantee === 'same-tokens' ? 0 : DRAFT_STREAM
    return {
      backend: this.parts.backend,
      get tokens() {
        return sequence.tokens
      },
      sequence: sequence.tensors,
      tree: this.#verifier.tree,
      outcome: this.#verifier.outcome,
      cache: this.#cache,
      guarantee: this.parts.rule.guarantee,
      get noise() {
        return sampler.stages.noise ? { sampling: sampler.tensors, stream } : null
      },
      slots,
      maxRows: this.parts.maxRows,
      hidden: (which) => kept.get(which),
    }
  }

  async #chunk(to: number): Promise<void> {
    const start = this.sequence.length
    const pass = this.#verifier.chunkPass(to - start)
    this.#verifier.setEnd(to)
    const follow = this.#proposer.follow({ kind: 'prefill', pass, own: false, chain: true, nodes: 0 })
    this.#alive()
    await this.#device.submit([this.#verifier.prefill(pass), ...follow])
    this.sequence.reached(to)
    this.counters.prefilled += to - start
    await this.#proposer.observe({
      start,
      tokens: this.sequence.tokens.slice(start, to),
      length: to,
      accepted: 0,
      path: [],
      own: false,
    })
  }

  async #replay(tokens: readonly number[]): Promise<void> {
    const accepted = tokens.length - 1
    const { nodes, chain } = this.#proposer.lay(tokens.slice(0, accepted))
    const pass = this.#verifier.treePass(tokens.length)
    const start = this.sequence.tokens.length
    const path = tokens.slice(0, accepted).map((_, node) => node)
    const outcome = acceptedPath({ path, tokens, length: this.sequence.length, rows: tokens.length })
    this.parts.backend.write(this.#verifier.outcome, outcome)
    const follow = this.#proposer.follow({ kind: 'round', pass, own: false, chain, nodes })
    await this.#device.submit([this.#verifier.replay(pass), ...follow])
    this.sequence.committed(tokens)
    await this.#constrained?.accept(tokens)
    await this.#proposer.observe({ start, tokens, length: this.sequence.length, accepted, path, own: false })
  }

  async #round(most: number): Promise<Round> {
    const began = performance.now()
    const deviceBefore = this.counters.deviceMs
    const draft = await this.#prune(await this.#propose(most))
    const proposed = performance.now()
    const { nodes, chain } = draft
    const own = nodes > 0 && draft.pruned === 0
    const pass = this.#verifier.treePass(nodes + 1)
    const follow = this.#proposer.follow({ kind: 'round', pass, own, chain, nodes })
    const start = this.sequence.tokens.length
    this.#alive()
    const { outcome, credit, logProbs } = await this.#judge.judge(draft, pass, follow, this.sequence.length)
    const accepted = outcome[OUTCOME.accepted] as number
    const tokens = Array.from(outcome.subarray(OUTCOME.tokens, OUTCOME.tokens + accepted + 1))
    if (tokens.some((token) => token === NO_TOKEN))
      throw (
        this.#constrained?.nothingLeft() ??
        new OutriderError('LOGITS_NOT_FINITE', 'the model gave no finite logit: its weights or the device are broken')
      )
    this.sequence.committed(tokens)
    const path = Array.from(outcome.subarray(OUTCOME.path + 1, OUTCOME.path + 1 + accepted), (row) => row - 1)
    const by = creditPath(draft.credit, path, credit)
    const drafted = proposedTokens(draft.credit, nodes) + draft.pruned
    this.counters.round({ proposed: drafted, evaluated: (outcome[OUTCOME.rows] as number) - 1, by })
    await this.#constrained?.accept(tokens)
    await this.#proposer.observe({ start, tokens, length: this.sequence.length, accepted, path, own })
    this.counters.draftMs += proposed - began
    this.counters.hostMs += performance.now() - proposed - (this.counters.deviceMs - deviceBefore)
    const rows = logProbs && new Float32Array(logProbs)
    const found = rows && [-1, ...path].map((node) => rows[node + 1] as number)
    return { tokens, accepted, nodes, by, logProbs: found }
  }

  /** Writes the masks of a draft's rows and cuts off what breaks the constraint: a tree on the device is read, by a submission of its own. */
  async #prune(draft: LaidDraft): Promise<LaidDraft> {
    if (!this.#constrained) return draft
    const read = draft.tree ? { tree: draft.tree, credit: null } : await this.#judge.readDraft(draft)
    this.#alive()
    const { kept, masks } = await this.#constrained.allowed(read.tree)
    this.#alive()
    this.#sampler.writeMask(masks)
    if (kept.length < read.tree.tokens.length) return this.#proposer.prune(draft, read.tree, kept, read.credit)
    // Without what it was drawn from: whether a tree stays whole depends on its draw, so rules may not use that here.
    return { ...draft, programs: [], tree: { tokens: read.tree.tokens, parents: read.tree.parents } }
  }

  async #propose(most: number): Promise<LaidDraft> {
    const nodes = this.parts.maxRows - 1
    const depth = Math.min(most, this.sequence.room, nodes + 1, MAX_PATH) - 1
    const draft = await this.#proposer.propose({ nodes, depth })
    this.#alive()
    return draft
  }

  #alive(): void {
    if (!this.#live) throw new OutriderError('DISPOSED', 'the session was disposed of; start a new one')
  }
}
