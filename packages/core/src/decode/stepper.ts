import { OutriderError } from '../errors'

import { Owned } from '../owned'
import type {
  AcceptanceRule,
  Backend,
  Committed,
  DecoderModel,
  DeviceDraft,
  Draft,
  Follow,
  KvCache,
  LoadedStrategy,
  Pass,
  Program,
  Proposer,
  Tensor,
  TokenTree,
} from '../spec'
import { NO_TOKEN, OUTCOME } from '../spec'
import { checkTree, depths, isChain } from '../tree'
import { type Kept, Verifier } from '../verify'
import { Counters } from './counters'
import { Sequence } from './sequence'
import type { Turns } from './turns'

/** What a session is made of. */
export interface StepperParts {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly capacity: number
  readonly maxRows: number
  /** Hidden states that the engine's strategies need: `final` or layer ids. */
  readonly keep: readonly ('final' | number)[]
  readonly rule: AcceptanceRule
  /** null: plain decoding, the empty proposer. */
  readonly strategy: { readonly name: string; readonly loaded: LoadedStrategy } | null
  readonly turns: Turns
}

/** What a round committed. */
export interface Round {
  /** The accepted draft tokens, then the target's own. */
  readonly tokens: readonly number[]
  readonly accepted: number
  /** Nodes that were drafted. */
  readonly nodes: number
}

interface LaidDraft {
  readonly programs: readonly Program[]
  readonly nodes: number
  readonly chain: boolean
  /** The tree where the host knows it. */
  readonly tree: TokenTree | null
}

const nothing: LaidDraft = { programs: [], nodes: 0, chain: true, tree: { tokens: [], parents: [] } }

/** The decoding loop of one session: prefill, then propose, verify, accept, commit. Plain decoding proposes nothing. */
export class Stepper {
  counters: Counters = new Counters()
  readonly sequence: Sequence
  readonly #owned = new Owned()
  readonly #cache: KvCache
  readonly #kept: Kept
  readonly #verifier: Verifier
  readonly #proposer: Proposer | null
  /** Topology that `tree.shape` holds; null once a program may have written another. */
  #laid: string | null = null
  #live = true

  constructor(private readonly parts: StepperParts) {
    const { backend, model, capacity, maxRows, strategy } = parts
    const slots = capacity + maxRows
    try {
      this.sequence = this.#owned.add(new Sequence(backend, slots, capacity))
      this.#cache = this.#owned.add(model.cache(slots, 'target'))
      this.#kept = this.#keep()
      this.#verifier = this.#owned.add(
        new Verifier({
          backend,
          model,
          cache: this.#cache,
          sequence: this.sequence.tensors,
          rule: parts.rule,
          maxRows,
          kept: this.#kept,
        }),
      )
      this.#proposer = strategy && this.#start(strategy.loaded, slots)
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Commits prompt tokens and runs the target over all but the last, which is pending then. Throws `PROMPT_TOO_LONG`, `ABORTED`. */
  async extend(tokens: readonly number[], signal?: AbortSignal): Promise<void> {
    this.sequence.append(tokens)
    const from = this.#align(this.sequence.length)
    if (from < this.sequence.length) this.sequence.cut(this.sequence.tokens.length, from)
    const end = this.sequence.tokens.length - 1
    while (this.sequence.length < end) {
      throwIfAborted(signal)
      const to = Math.min(end, this.sequence.length + this.parts.maxRows)
      const started = performance.now()
      await this.#chunk(to)
      this.counters.prefillMs += performance.now() - started
    }
  }

  /** One round that commits at most `most` tokens. Throws what the strategy and the device throw, `LOGITS_NOT_FINITE`. */
  round(most: number): Promise<Round> {
    return this.parts.turns.take(() => this.#round(most))
  }

  /** Goes back to the first `tokens` committed tokens, the last of which is pending again. */
  truncate(tokens: number): void {
    const length = Math.max(0, Math.min(this.sequence.length, tokens - 1))
    this.sequence.cut(tokens, length)
    this.sequence.cut(tokens, this.#align(length))
  }

  dispose(): void {
    if (!this.#live) return
    this.#live = false
    this.#proposer?.dispose?.()
    this.#owned.dispose()
  }

  /** The largest length, `length` at most, up to which the target's and the proposer's state hold. */
  #align(length: number): number {
    return this.#proposer?.truncate?.(length) ?? length
  }

  #keep(): Kept {
    const { backend, model, maxRows, keep } = this.parts
    const tensor = (which: 'final' | number): [typeof which, Tensor] => {
      const shape = [maxRows, model.config.hidden]
      return [which, this.#owned.add(backend.tensor(shape, 'f32', `hidden state ${which}`))]
    }
    return new Map(keep.map(tensor))
  }

  #start(loaded: LoadedStrategy, slots: number): Proposer {
    const { sequence } = this
    const kept = this.#kept
    return loaded.start({
      backend: this.parts.backend,
      get tokens() {
        return sequence.tokens
      },
      sequence: sequence.tensors,
      tree: this.#verifier.tree,
      outcome: this.#verifier.outcome,
      slots,
      maxRows: this.parts.maxRows,
      hidden: (which) => kept.get(which),
    })
  }

  #chunk(to: number): Promise<void> {
    return this.parts.turns.take(async () => {
      const start = this.sequence.length
      const pass = this.#verifier.chunkPass(to - start)
      this.#verifier.setEnd(to)
      const follow = this.#follow({ kind: 'prefill', pass, own: false, chain: true, nodes: 0 })
      await this.#submit([this.#verifier.prefill(pass), ...follow])
      this.sequence.reached(to)
      this.counters.prefilled += to - start
      await this.#observe({ start, tokens: this.sequence.tokens.slice(start, to), length: to, accepted: 0, own: false })
    })
  }

  async #round(most: number): Promise<Round> {
    this.#alive()
    const began = performance.now()
    const deviceBefore = this.counters.deviceMs
    const draft = await this.#propose(most)
    const proposed = performance.now()
    const { nodes, chain } = draft
    const own = nodes > 0
    const pass = this.#verifier.treePass(nodes + 1)
    const follow = this.#follow({ kind: 'round', pass, own, chain, nodes })
    const start = this.sequence.tokens.length
    const outcome =
      'host' in this.parts.rule
        ? await this.#judgeOnHost(draft, pass, follow)
        : await this.#judgeOnDevice(draft, pass, follow)
    const accepted = outcome[OUTCOME.accepted] as number
    const tokens = Array.from(outcome.subarray(OUTCOME.tokens, OUTCOME.tokens + accepted + 1))
    if (tokens.some((token) => token === NO_TOKEN))
      throw new OutriderError(
        'LOGITS_NOT_FINITE',
        'the model gave no finite logit: its weights or the device are broken',
      )
    this.sequence.committed(tokens)
    this.counters.round(nodes, accepted)
    await this.#observe({ start, tokens, length: this.sequence.length, accepted, own })
    this.counters.draftMs += proposed - began
    this.counters.hostMs += performance.now() - proposed - (this.counters.deviceMs - deviceBefore)
    return { tokens, accepted, nodes }
  }

  async #propose(most: number): Promise<LaidDraft> {
    const room = Math.min(most, this.sequence.room) - 1
    const budget = { nodes: this.parts.maxRows - 1, depth: Math.min(room, this.parts.maxRows - 1) }
    const draft: Draft = this.#proposer && room > 0 ? await this.#proposer.propose(budget) : null
    if (!draft) return this.#lay(nothing, [])
    return 'programs' in draft ? this.#layDevice(draft, budget) : this.#layHost(draft, budget)
  }

  #layHost(tree: TokenTree, limits: { nodes: number; depth: number }): LaidDraft {
    checkTree(tree, { ...limits, vocab: this.parts.model.config.vocab }, this.#name)
    const nodes = tree.tokens.length
    if (nodes > 0) this.parts.backend.write(this.#verifier.tree.tokens, Uint32Array.from(tree.tokens), 1)
    return this.#lay({ programs: [], nodes, chain: isChain(tree.parents), tree }, tree.parents)
  }

  #layDevice(draft: DeviceDraft, limits: { nodes: number; depth: number }): LaidDraft {
    const { programs, nodes, parents } = draft
    if (nodes > limits.nodes || (parents && depths(parents).some((depth) => depth > limits.depth)))
      throw new OutriderError(
        'TREE_TOO_LARGE',
        `strategy ${this.#name} drafted ${nodes} nodes on the device, but the budget of this round is ${limits.nodes} nodes and ${limits.depth} levels`,
        { details: { strategy: this.#name, nodes, limits } },
      )
    const chain = parents !== null && isChain(parents)
    return this.#lay({ programs, nodes, chain, tree: null }, parents)
  }

  /** Writes the topology to the device unless it stands there already; null: programs write it. */
  #lay(draft: LaidDraft, parents: readonly number[] | null): LaidDraft {
    const key = parents?.join() ?? null
    if (parents && key !== this.#laid)
      this.parts.backend.write(
        this.#verifier.tree.shape,
        Uint32Array.from([parents.length + 1, ...parents.map((parent) => parent + 1)]),
      )
    this.#laid = key
    return draft
  }

  async #judgeOnDevice(draft: LaidDraft, pass: Pass, follow: readonly Program[]): Promise<Uint32Array> {
    const verify = this.#verifier.verify(pass, draft.chain)
    const [record] = await this.#submit([...draft.programs, verify, ...follow], [this.#verifier.outcome])
    return new Uint32Array(record as ArrayBuffer)
  }

  /** A rule on the host costs one submission more, and the logits are read back. */
  async #judgeOnHost(draft: LaidDraft, pass: Pass, follow: readonly Program[]): Promise<Uint32Array> {
    if (!('host' in this.parts.rule))
      throw new OutriderError('INVALID_OPTION', 'this acceptance rule decides on the device')
    const { tree: device } = this.#verifier
    const logits = this.#verifier.logitsOf(pass)
    const read = draft.tree ? [logits] : [logits, device.tokens, device.shape]
    const [bytes, tokenBytes, shapeBytes] = await this.#submit([...draft.programs, this.#verifier.inspect(pass)], read)
    const tree = draft.tree ?? readTree(tokenBytes as ArrayBuffer, shapeBytes as ArrayBuffer)
    const { vocab } = this.parts.model.config
    const rows = new Float32Array(bytes as ArrayBuffer)
    const verdict = this.parts.rule.host.decide({
      tree,
      logits: (row) => rows.subarray(row * vocab, (row + 1) * vocab),
    })
    const outcome = new Uint32Array(OUTCOME.words)
    outcome[OUTCOME.accepted] = verdict.path.length
    outcome[OUTCOME.length] = this.sequence.length
    outcome[OUTCOME.rows] = tree.tokens.length + 1
    outcome.set([0, ...verdict.path.map((node) => node + 1)], OUTCOME.path)
    outcome.set([...verdict.path.map((node) => tree.tokens[node] as number), verdict.next], OUTCOME.tokens)
    this.parts.backend.write(this.#verifier.outcome, outcome)
    await this.#submit([this.#verifier.commit(pass, draft.chain), ...follow])
    return outcome
  }

  #follow(follow: Follow): readonly Program[] {
    return this.#proposer?.follow?.(follow) ?? []
  }

  async #observe(committed: Committed): Promise<void> {
    await this.#proposer?.observe?.(committed)
  }

  async #submit(programs: readonly Program[], read?: readonly Tensor[]): Promise<readonly ArrayBuffer[]> {
    this.#alive()
    const started = performance.now()
    this.counters.submits++
    if (read) this.counters.reads++
    const bytes = await this.parts.backend.submit(programs, read)
    this.counters.deviceMs += performance.now() - started
    return bytes
  }

  get #name(): string {
    return this.parts.strategy?.name ?? 'plain'
  }

  #alive(): void {
    if (!this.#live) throw new OutriderError('DISPOSED', 'the session was disposed of; start a new one')
  }
}

/** A tree that programs left on the device. */
function readTree(tokenBytes: ArrayBuffer, shapeBytes: ArrayBuffer): TokenTree {
  const shape = new Uint32Array(shapeBytes)
  const nodes = (shape[0] as number) - 1
  return {
    tokens: Array.from(new Uint32Array(tokenBytes).subarray(1, nodes + 1)),
    parents: Array.from(shape.subarray(1, nodes + 1), (row) => row - 1),
  }
}

/** Throws `ABORTED`, with the signal's reason as the cause. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OutriderError('ABORTED', 'the request was aborted', { cause: signal.reason })
}
