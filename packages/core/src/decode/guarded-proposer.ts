import { OutriderError } from '../errors'
import type {
  Budget,
  Committed,
  Draft,
  Follow,
  LoadedStrategy,
  Program,
  Proposer,
  Report,
  SessionView,
  TokenTree,
} from '../spec'
import { chain } from '../tree'
import { DraftLayer, type LaidDraft } from './draft-layer'
import { callStrategy, strategyError } from './strategy-calls'

/** A strategy on the engine's device, under the name that requests pick it by. */
export interface NamedStrategy {
  readonly name: string
  readonly loaded: LoadedStrategy
}

/** A session's proposer behind checks: what it gives is looked at, and what it throws carries its name. Without a strategy it proposes nothing. */
export class GuardedProposer {
  readonly #name: string
  #proposer: Proposer | null
  readonly #layer: DraftLayer

  /** Throws `STRATEGY_FAILED` where the strategy cannot start. */
  constructor(
    private readonly strategy: NamedStrategy | null,
    private readonly view: SessionView,
    vocab: number,
  ) {
    this.#name = strategy?.name ?? 'plain'
    this.#layer = new DraftLayer(view.backend, view.tree, vocab, this.#name)
    this.#proposer = this.#start()
  }

  /** Whether another generation may take it over as it is. */
  get reusable(): boolean {
    return this.#proposer === null || this.#proposer.reusable === true
  }

  /** Whether it may be asked for the next draft before the outcome of the last is known; in plain decoding there is nothing to ask. */
  get ahead(): boolean {
    return this.#proposer === null || this.#proposer.ahead === true
  }

  /** The next draft, checked and laid where the verifier reads it. Throws `TREE_MALFORMED`, `TREE_TOO_LARGE`. */
  async propose(budget: Budget): Promise<LaidDraft> {
    const proposer = this.#proposer
    if (!proposer || budget.depth < 1) return this.#layer.lay(null, budget)
    const draft: Draft = await callStrategy(this.#name, 'propose', () => proposer.propose(budget))
    return this.#layer.lay(draft, budget)
  }

  /** Lays tokens that are known, where drafts are laid. Throws `TREE_TOO_LARGE`. */
  lay(tokens: readonly number[]): LaidDraft {
    return this.#layer.lay(chain(tokens), { nodes: tokens.length, depth: tokens.length })
  }

  /** Lays what a constraint leaves of a draft, `tree`: see `DraftLayer`. */
  prune(draft: LaidDraft, tree: TokenTree, kept: readonly number[], credit: ArrayBuffer | null): LaidDraft {
    return this.#layer.prune(draft, tree, kept, credit)
  }

  follow(follow: Follow): readonly Program[] {
    try {
      return this.#proposer?.follow?.(follow) ?? []
    } catch (error) {
      throw strategyError(this.#name, 'follow a pass', error)
    }
  }

  async observe(committed: Committed): Promise<void> {
    await callStrategy(this.#name, 'observe a round', () => this.#proposer?.observe?.(committed))
  }

  /** The largest length, `length` at most, up to which the proposer's state holds. */
  align(length: number): number {
    let held = length
    try {
      held = this.#proposer?.truncate?.(length) ?? length
    } catch (error) {
      throw strategyError(this.#name, 'go back', error)
    }
    if (Number.isInteger(held) && held >= 0 && held <= length) return held
    throw new OutriderError(
      'STRATEGY_FAILED',
      `strategy ${this.#name} says that its state holds up to ${held} of ${length} entries: truncate returns 0 to ${length}`,
      { details: { strategy: this.#name, held, length } },
    )
  }

  /** What the strategy tells of its decisions. */
  report(): Report | null {
    try {
      return this.#proposer?.report?.() ?? null
    } catch (error) {
      throw strategyError(this.#name, 'report', error)
    }
  }

  /** The generation has ended: a proposer that no other can take over is let go. */
  rest(): void {
    if (this.reusable) return
    const ended = this.#proposer
    this.#proposer = null
    ended?.dispose?.()
  }

  /** Another generation begins. Throws `STRATEGY_FAILED`. */
  restart(): void {
    this.#proposer ??= this.#start()
  }

  dispose(): void {
    this.#proposer?.dispose?.()
  }

  #start(): Proposer | null {
    try {
      return this.strategy?.loaded.start(this.view) ?? null
    } catch (error) {
      throw strategyError(this.#name, 'start a session', error)
    }
  }
}
