import { massOf } from '../accept'
import { OutriderError } from '../errors'
import type { AcceptanceRule, Backend, DrawnTree, HostAcceptance, Pass, Program, Tensor, TokenTree } from '../spec'
import { OUTCOME } from '../spec'
import { type Computed, guarded, type Sampler, type Verifier } from '../verify'
import type { Device, DevicePhases, RoundWork } from './device'
import type { LaidDraft } from './draft-layer'
import { askOnHost, readTree } from './host-verdict'

/** What a judge works with. */
export interface JudgeParts {
  readonly backend: Backend
  readonly verifier: Verifier
  readonly sampler: Sampler
  readonly rule: AcceptanceRule
  readonly device: Device
  readonly vocab: number
  /** Committed tokens. Live. */
  readonly tokens: readonly number[]
  /** Throws where the session has ended meanwhile. */
  readonly alive: () => void
}

/** How a draft was judged. */
export interface Verdict {
  /** u32 [OUTCOME.words]. */
  readonly outcome: Uint32Array
  /** The draft's credit as it was read from the device; null where the host knows it. */
  readonly credit: ArrayBuffer | null
  /** f32 by row of the tree: log-probability of what was emitted after it; null where it was not asked for. */
  readonly logProbs: ArrayBuffer | null
  /** What to tell of the round; null where nobody asks. */
  readonly told: ToldRound | null
}

/** What the device tells of a round beside its outcome. */
export interface ToldRound {
  readonly tree: TokenTree
  /** f32 by row of the tree: its token's log-probability after its parent, nats. */
  readonly logProbs: ArrayBuffer
  readonly phases: DevicePhases | null
}

/** Runs a round's work and asks the acceptance rule, where it is: on the device, or on the host. */
export class Judge {
  constructor(private readonly parts: JudgeParts) {}

  /** Verifies a draft that was laid out and commits the outcome on the device. Throws `ACCEPTANCE_FAILED`. */
  async judge(draft: LaidDraft, pass: Pass, follow: readonly Program[], length: number): Promise<Verdict> {
    const { rule, sampler } = this.parts
    const from = sampler.onHost.length > 0 ? 'forward' : draft.computed
    const standing = from === 'forward' ? await this.#process(draft, pass) : draft
    return 'host' in rule
      ? this.#onHost(rule.host, standing, pass, follow, length, from)
      : this.#onDevice(standing, pass, follow, from)
  }

  /** Processors on the host cost one submission more, and the logits are read and written back. Throws `PROCESSOR_FAILED`. */
  async #process(draft: LaidDraft, pass: Pass): Promise<LaidDraft> {
    const { verifier, sampler, vocab, backend, tokens, alive } = this.parts
    const work = { draft: draft.programs, verify: [verifier.forward(pass, draft.computed)], follow: [] }
    const found = await this.#round(work, { logits: verifier.givenOf(pass), ...this.#unknownTree(draft) })
    alive()
    const tree = treeOf(draft, found)
    const all = new Float32Array(found.logits as ArrayBuffer)
    for (let row = 0; row <= tree.tokens.length; row++) {
      const logits = all.subarray(row * vocab, (row + 1) * vocab)
      for (const { name, process } of sampler.onHost)
        guarded(name, () => process({ logits, tokens: [...tokens, ...pathTokens(tree, row - 1)] }))
    }
    backend.write(verifier.givenOf(pass), all)
    return { ...draft, programs: [], tree }
  }

  /** Runs a draft's programs and reads the tree that they leave, with its credit. */
  async readDraft(draft: LaidDraft): Promise<{ readonly tree: TokenTree; readonly credit: ArrayBuffer | null }> {
    const { tokens, shape } = this.parts.verifier.tree
    const work = { draft: draft.programs, verify: [], follow: [] }
    const found = await this.#round(work, { tokens, shape, credit: draft.credit.tensor })
    return {
      tree: readTree(found.tokens as ArrayBuffer, found.shape as ArrayBuffer, draft.nodes),
      credit: found.credit ?? null,
    }
  }

  async #onDevice(
    draft: LaidDraft,
    pass: Pass,
    follow: readonly Program[],
    from: Computed | 'forward' | null,
  ): Promise<Verdict> {
    const { verifier, rule, sampler } = this.parts
    verifier.drawn?.lay(draft.tree, draft.q)
    const verify = [verifier.verify(pass, draft.chain, from)]
    const { logProbs, draftLogProbs } = sampler
    const tree = draftLogProbs ? this.#unknownTree(draft) : {}
    const wanted = { outcome: verifier.outcome, credit: draft.credit.tensor, logProbs, draftLogProbs, ...tree }
    const found = await this.#round({ draft: draft.programs, verify, follow }, wanted)
    const outcome = new Uint32Array(found.outcome as ArrayBuffer)
    const accepted = outcome[OUTCOME.accepted] as number
    const { levels } = draft
    if (accepted > levels)
      throw new OutriderError(
        'ACCEPTANCE_FAILED',
        `acceptance rule ${rule.name} kept ${accepted} tokens of a draft of at most ${levels} levels`,
        { details: { rule: rule.name, accepted, levels } },
      )
    return {
      outcome,
      credit: found.credit ?? null,
      logProbs: found.logProbs ?? null,
      told: found.draftLogProbs
        ? { tree: treeOf(draft, found), logProbs: found.draftLogProbs, phases: found.phases }
        : null,
    }
  }

  /** A rule on the host costs one submission more, and the logits are read back. */
  async #onHost(
    rule: HostAcceptance,
    draft: LaidDraft,
    pass: Pass,
    follow: readonly Program[],
    length: number,
    from: Computed | 'forward' | null,
  ): Promise<Verdict> {
    const { verifier, sampler, vocab, backend, alive } = this.parts
    const work = { draft: draft.programs, verify: [verifier.inspect(pass, from)], follow: [] }
    const q = draft.q.length > 0 ? (verifier.drawn?.rows.logits ?? null) : null
    const tree = this.#unknownTree(draft)
    const found = await this.#round(work, { logits: verifier.logitsOf(pass), credit: draft.credit.tensor, q, ...tree })
    alive()
    const known: DrawnTree = treeOf(draft, found)
    const outcome = askOnHost(this.parts.rule.name, rule, {
      tree: found.q ? { ...known, q: lawsOf(new Float32Array(found.q), draft.q, vocab) } : known,
      logits: new Float32Array(found.logits as ArrayBuffer),
      vocab,
      length,
      noise: sampler.noise,
      greedy: !sampler.stages.noise,
    })
    backend.write(verifier.outcome, outcome)
    const commit = { draft: [], verify: [verifier.commit(pass, draft.chain)], follow }
    const { logProbs, draftLogProbs } = sampler
    const after = await this.#round(commit, { logProbs, draftLogProbs })
    return {
      outcome,
      credit: found.credit ?? null,
      logProbs: after.logProbs ?? null,
      told: after.draftLogProbs
        ? { tree: known, logProbs: after.draftLogProbs, phases: sumOf(found.phases, after.phases) }
        : null,
    }
  }

  /** What to read of a tree that the host does not know. */
  #unknownTree({ tree }: LaidDraft): { readonly tokens?: Tensor; readonly shape?: Tensor } {
    const { tokens, shape } = this.parts.verifier.tree
    return tree ? {} : { tokens, shape }
  }

  /** One submission of a round, and one read where something is wanted. */
  async #round<Name extends string>(
    work: RoundWork,
    wanted: { readonly [name in Name]?: Tensor | null },
  ): Promise<{ readonly [name in Name]?: ArrayBuffer } & { readonly phases: DevicePhases | null }> {
    const tensors = Object.entries<Tensor | null | undefined>(wanted).flatMap(([name, tensor]) =>
      tensor ? [{ name, tensor }] : [],
    )
    const read = tensors.map(({ tensor }) => tensor)
    const { bytes, phases } = await this.parts.device.round(work, read.length > 0 ? read : undefined)
    const found = Object.fromEntries(tensors.map(({ name }, i) => [name, bytes[i]])) as { [name in Name]?: ArrayBuffer }
    return { ...found, phases }
  }
}

/** A draft's tree, from what was read where programs left it on the device. Throws `TREE_MALFORMED`. */
function treeOf(
  { tree, nodes }: LaidDraft,
  found: { readonly tokens?: ArrayBuffer; readonly shape?: ArrayBuffer },
): TokenTree {
  return tree ?? readTree(found.tokens as ArrayBuffer, found.shape as ArrayBuffer, nodes)
}

function sumOf(first: DevicePhases | null, second: DevicePhases | null): DevicePhases | null {
  return first && second
    ? { draftMs: first.draftMs + second.draftMs, verifyMs: first.verifyMs + second.verifyMs }
    : null
}

/** What the children of `rows` were drawn from, of logits f32 [rows, vocab]; null for the others. */
function lawsOf(logits: Float32Array, rows: readonly number[], vocab: number): readonly (Float32Array | null)[] {
  const laws: (Float32Array | null)[] = new Array(Math.max(...rows) + 1).fill(null)
  for (const row of rows) laws[row] = Float32Array.from(massOf(logits.subarray(row * vocab, (row + 1) * vocab), false))
  return laws
}

/** Tokens of a node's path, root side first; none for -1, the pending token. */
function pathTokens({ tokens, parents }: TokenTree, node: number): readonly number[] {
  const path: number[] = []
  for (let at = node; at >= 0; at = parents[at] as number) path.unshift(tokens[at] as number)
  return path
}
