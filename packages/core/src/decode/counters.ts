/** What a generation did, in the field's terms. A round is one verify pass. */
export interface DecodeStats {
  /** Verify passes. */
  readonly rounds: number
  /** Submissions to the device, those of the prompt's prefill included. */
  readonly submits: number
  /** Reads back from the device. */
  readonly reads: number
  /** Tokens that the rounds committed: accepted ones and one of the target's own a round. */
  readonly tokens: number
  /** Draft tokens that were verified. */
  readonly proposed: number
  /** Draft tokens that were kept. */
  readonly accepted: number
  /** Rounds with a draft in which at least d draft tokens were kept, for d = 1, 2, … */
  readonly acceptedByDepth: readonly number[]
  /** Rounds that had a draft. */
  readonly drafts: number
  /** Tokens a round commits on average, the target's own included (vLLM's convention); 0 before the first round. */
  readonly meanAcceptanceLength: number
  /** Prompt tokens that ran through the model. */
  readonly prefilled: number
  /** Milliseconds on the host's clock: prefill; proposing on the host; submissions and reads; everything else of a round. */
  readonly prefillMs: number
  readonly draftMs: number
  readonly deviceMs: number
  readonly hostMs: number
}

/** Counts one generation's work. */
export class Counters {
  rounds = 0
  submits = 0
  reads = 0
  tokens = 0
  proposed = 0
  accepted = 0
  drafts = 0
  prefilled = 0
  prefillMs = 0
  draftMs = 0
  deviceMs = 0
  hostMs = 0
  readonly #byDepth: number[] = []

  /** Counts the outcome of a round. */
  round(nodes: number, accepted: number): void {
    this.rounds++
    this.tokens += accepted + 1
    this.proposed += nodes
    this.accepted += accepted
    if (nodes > 0) this.drafts++
    for (let depth = 0; depth < accepted; depth++) this.#byDepth[depth] = (this.#byDepth[depth] ?? 0) + 1
  }

  /** The counts so far. */
  snapshot(): DecodeStats {
    const { rounds, submits, reads, tokens, proposed, accepted, drafts, prefilled } = this
    const { prefillMs, draftMs, deviceMs, hostMs } = this
    const meanAcceptanceLength = rounds === 0 ? 0 : tokens / rounds
    const counts = { rounds, submits, reads, tokens, proposed, accepted, drafts, prefilled, meanAcceptanceLength }
    return { ...counts, acceptedByDepth: [...this.#byDepth], prefillMs, draftMs, deviceMs, hostMs }
  }
}
