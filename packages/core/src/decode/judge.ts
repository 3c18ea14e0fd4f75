import { OutriderError } from '../errors'
import type { AcceptanceRule, Backend, HostAcceptance, Pass, Program, Tensor } from '../spec'
import { OUTCOME } from '../spec'
import type { Verifier } from '../verify'
import type { Device } from './device'
import type { LaidDraft } from './draft-layer'
import { askOnHost, readTree } from './host-verdict'

/** What a judge works with. */
export interface JudgeParts {
  readonly backend: Backend
  readonly verifier: Verifier
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
    const { verifier, rule, device } = this.parts
    const verify = [verifier.verify(pass, draft.chain, draft.computed)]
    const [record, credit = null] = await device.round({ draft: draft.programs, verify, follow }, [
      verifier.outcome,
      ...creditTensor(draft),
    ])
    const outcome = new Uint32Array(record as ArrayBuffer)
    const accepted = outcome[OUTCOME.accepted] as number
    if (accepted > draft.nodes)
      throw new OutriderError(
        'ACCEPTANCE_FAILED',
        `acceptance rule ${rule.name} left an outcome of ${accepted} accepted tokens for a draft of ${draft.nodes}`,
        { details: { rule: rule.name, accepted, nodes: draft.nodes } },
      )
    return { outcome, credit }
  }

  /** A rule on the host costs one submission more, and the logits are read back. */
  async #onHost(
    rule: HostAcceptance,
    draft: LaidDraft,
    pass: Pass,
    follow: readonly Program[],
    length: number,
  ): Promise<Verdict> {
    const { verifier, device, vocab, backend, alive } = this.parts
    const read = [verifier.logitsOf(pass), ...(draft.tree ? [] : [verifier.tree.tokens, verifier.tree.shape])]
    const work = { draft: draft.programs, verify: [verifier.inspect(pass, draft.computed)], follow: [] }
    const results = await device.round(work, [...read, ...creditTensor(draft)])
    const [bytes, tokenBytes, shapeBytes] = results
    alive()
    const outcome = askOnHost(this.parts.rule.name, rule, {
      tree: draft.tree ?? readTree(tokenBytes as ArrayBuffer, shapeBytes as ArrayBuffer),
      logits: new Float32Array(bytes as ArrayBuffer),
      vocab,
      length,
    })
    backend.write(verifier.outcome, outcome)
    await device.round({ draft: [], verify: [verifier.commit(pass, draft.chain)], follow })
    return { outcome, credit: results[read.length] ?? null }
  }
}

function creditTensor({ credit }: LaidDraft): readonly Tensor[] {
  return credit.tensor ? [credit.tensor] : []
}
