import { OutriderError } from '../errors'
import type { AcceptanceRule, Backend, HostAcceptance, Pass, Program, Tensor } from '../spec'
import { OUTCOME } from '../spec'
import type { Sampler, Verifier } from '../verify'
import type { Device, RoundWork } from './device'
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
}

/** Runs a round's work and asks the acceptance rule, where it is: on the device, or on the host. */
export class Judge {
  constructor(private readonly parts: JudgeParts) {}

  /** Verifies a draft that was laid out and commits the outcome on the device. Throws `ACCEPTANCE_FAILED`. */
  judge(draft: LaidDraft, pass: Pass, follow: readonly Program[], length: number): Promise<Verdict> {
    const { rule } = this.parts
    return 'host' in rule ? this.#onHost(rule.host, draft, pass, follow, length) : this.#onDevice(draft, pass, follow)
  }

  async #onDevice(draft: LaidDraft, pass: Pass, follow: readonly Program[]): Promise<Verdict> {
    const { verifier, rule, sampler } = this.parts
    const verify = [verifier.verify(pass, draft.chain, draft.computed)]
    const { logProbs } = sampler
    const wanted = { outcome: verifier.outcome, credit: draft.credit.tensor, logProbs }
    const found = await this.#round({ draft: draft.programs, verify, follow }, wanted)
    const outcome = new Uint32Array(found.outcome as ArrayBuffer)
    const accepted = outcome[OUTCOME.accepted] as number
    if (accepted > draft.nodes)
      throw new OutriderError(
        'ACCEPTANCE_FAILED',
        `acceptance rule ${rule.name} left an outcome of ${accepted} accepted tokens for a draft of ${draft.nodes}`,
        { details: { rule: rule.name, accepted, nodes: draft.nodes } },
      )
    return { outcome, credit: found.credit ?? null, logProbs: found.logProbs ?? null }
  }

  /** A rule on the host costs one submission more, and the logits are read back. */
  async #onHost(
    rule: HostAcceptance,
    draft: LaidDraft,
    pass: Pass,
    follow: readonly Program[],
    length: number,
  ): Promise<Verdict> {
    const { verifier, sampler, vocab, backend, alive } = this.parts
    const work = { draft: draft.programs, verify: [verifier.inspect(pass, draft.computed)], follow: [] }
    const tree = draft.tree ? {} : { tokens: verifier.tree.tokens, shape: verifier.tree.shape }
    const found = await this.#round(work, { logits: verifier.logitsOf(pass), credit: draft.credit.tensor, ...tree })
    alive()
    const outcome = askOnHost(this.parts.rule.name, rule, {
      tree: draft.tree ?? readTree(found.tokens as ArrayBuffer, found.shape as ArrayBuffer),
      logits: new Float32Array(found.logits as ArrayBuffer),
      vocab,
      length,
      noise: sampler.noise,
    })
    backend.write(verifier.outcome, outcome)
    const commit = { draft: [], verify: [verifier.commit(pass, draft.chain)], follow }
    const { logProbs = null } = await this.#round(commit, { logProbs: sampler.logProbs })
    return { outcome, credit: found.credit ?? null, logProbs }
  }

  /** One submission of a round, and one read where something is wanted. */
  async #round<Name extends string>(
    work: RoundWork,
    wanted: { readonly [name in Name]?: Tensor | null },
  ): Promise<{ readonly [name in Name]?: ArrayBuffer }> {
    const tensors = Object.entries<Tensor | null | undefined>(wanted).flatMap(([name, tensor]) =>
      tensor ? [{ name, tensor }] : [],
    )
    const read = tensors.map(({ tensor }) => tensor)
    const bytes = await this.parts.device.round(work, read.length > 0 ? read : undefined)
    return Object.fromEntries(tensors.map(({ name }, i) => [name, bytes[i]])) as { [name in Name]?: ArrayBuffer }
  }
}
