import type { Guarantee, Report } from '../spec'

/** What a generation did, in the field's terms. A round is one verify pass. */
export interface DecodeStats {
  /** The rule that decided what was kept, and what it promises of the text. */
  readonly acceptance: { readonly name: string; readonly guarantee: Guarantee }
  /** Verify passes. */
  readonly rounds: number
  /** Submissions to the device, those of the prompt's prefill included. */
  readonly submits: number
  /** Reads back from the device. */
  readonly reads: number
  /**
   * Tokens that the rounds committed: accepted ones and one of the target's own a round. The last round may have committed more than
   * the generation gave.
   */
  readonly tokens: number
  /** Draft tokens that strategies proposed. */
  readonly proposed: number
  /** Draft tokens that were verified: without those that parts of a composition both proposed, and those cut off. */
  readonly evaluated: number
  /** Draft tokens that were kept. */
  readonly accepted: number
  /** Accepted tokens by who drafted them; one that several parts of a composition proposed counts for each. */
  readonly acceptedBy: Readonly<Record<string, number>>
  /** Rounds with a draft in which at least d draft tokens were kept, for d = 1, 2, … */
  readonly acceptedByDepth: readonly number[]
  /** Rounds that had a draft. */
  readonly drafts: number
  /** Tokens a round commits on average, the target's own included (vLLM's convention); 0 before the first round. */
  readonly meanAcceptanceLength: number
  /** Prompt tokens that ran through the model. */
  readonly prefilled: number
  /**
   * Milliseconds on the host's clock: prefill; proposing on the host; submissions and reads; everything else of a round. Where rounds are
   * submitted before the last one is read, the host proposes and encodes while the device works: that time is in `deviceMs`, too.
   */
  readonly prefillMs: number
  readonly draftMs: number
  readonly deviceMs: number
  readonly hostMs: number
  /** Of the rounds, by the device's own clock, with `timings` and where it has one; keeping the drafter in step is drafting. */
  readonly phases: { readonly draftMs: number; readonly verifyMs: number } | null
  /** What the strategy tells of its decisions. */
  readonly report: Report | null
}

/** What a round came to. */
export interface RoundCount {
  /** Nodes that were proposed, and those that were verified. */
  readonly proposed: number
  readonly evaluated: number
  /** For each accepted token who drafted it. */
  readonly by: readonly (readonly string[])[]
}

/** Counts one generation's work. */
export class Counters {
  rounds = 0
  submits = 0
  reads = 0
  tokens = 0
  proposed = 0
  evaluated = 0
  accepted = 0
  drafts = 0
  prefilled = 0
  prefillMs = 0
  draftMs = 0
  deviceMs = 0
  hostMs = 0
  readonly #byDepth: number[] = []
  readonly #byName = new Map<string, number>()
  #phases: DecodeStats['phases'] = null

  /** Counts the outcome of a round. */
  round({ proposed, evaluated, by }: RoundCount): void {
    this.rounds++
    this.tokens += by.length + 1
    this.proposed += proposed
    this.evaluated += evaluated
    this.accepted += by.length
    if (proposed > 0) this.drafts++
    by.forEach((names, depth) => {
      this.#byDepth[depth] = (this.#byDepth[depth] ?? 0) + 1
      for (const name of names) this.#byName.set(name, (this.#byName.get(name) ?? 0) + 1)
    })
  }

  /** Adds what the device's clock gave for a submission. */
  phases({ draftMs, verifyMs }: NonNullable<DecodeStats['phases']>): void {
    const before = this.#phases ?? { draftMs: 0, verifyMs: 0 }
    this.#phases = { draftMs: before.draftMs + draftMs, verifyMs: before.verifyMs + verifyMs }
  }

  /** The counts so far, under a rule, with what the strategy tells. */
  snapshot(acceptance: DecodeStats['acceptance'], report: Report | null): DecodeStats {
    const { rounds, submits, reads, tokens, proposed, evaluated, accepted, drafts, prefilled } = this
    const { prefillMs, draftMs, deviceMs, hostMs } = this
    const meanAcceptanceLength = rounds === 0 ? 0 : tokens / rounds
    const counts = { rounds, submits, reads, tokens, proposed, evaluated, accepted, drafts, prefilled }
    return {
      acceptance,
      ...counts,
      meanAcceptanceLength,
      acceptedBy: Object.fromEntries(this.#byName),
      acceptedByDepth: [...this.#byDepth],
      prefillMs,
      draftMs,
      deviceMs,
      hostMs,
      phases: this.#phases,
      report,
    }
  }
}
