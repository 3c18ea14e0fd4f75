import { type Sample, total } from './metrics'

/** What an endpoint's metrics say of its drafts. */
export interface Acceptance {
  /** Tokens a round with a draft commits on average, the target's own included. */
  readonly length: number
  /** null where only the length is told. */
  readonly counts: { readonly drafts: number; readonly proposed: number; readonly accepted: number } | null
  /** Share of the drafts of which at least 1, 2, … tokens were kept; empty where it is not told. */
  readonly byPosition: readonly number[]
  /** Where it comes from, and what else to know of it. */
  readonly source: string
}

/** Metrics before and after what is measured, and how many tokens in how many answers it was. */
export interface Span {
  readonly before: readonly Sample[]
  readonly after: readonly Sample[]
  readonly tokens: number
  readonly answers: number
}

/** Acceptance by vLLM's counters, or by SGLang's counters or gauge; a sentence where the metrics have neither. */
export function acceptanceOf(span: Span): Acceptance | string {
  return (
    byCounters(span) ??
    byVerifyCalls(span) ??
    byGauge(span) ??
    'its metrics say nothing of drafts: it decodes plainly, or does not tell'
  )
}

const spec = 'vllm:spec_decode_num_'

function byCounters(span: Span): Acceptance | string | null {
  const drafts = grown(span, `${spec}drafts_total`)
  const proposed = grown(span, `${spec}draft_tokens_total`)
  const accepted = grown(span, `${spec}accepted_tokens_total`)
  if (drafts === null || proposed === null || accepted === null) return null
  if (Math.min(drafts, proposed, accepted) < 0) return 'its counters went back: it was started anew meanwhile'
  if (drafts === 0) return 'it drafted nothing for these prompts'
  return {
    length: 1 + accepted / drafts,
    counts: { drafts, proposed, accepted },
    byPosition: positions(span, drafts),
    source: `counters of the endpoint${others(span, 'vllm:generation_tokens_total')}`,
  }
}

/** SGLang counts tokens and verify passes when an answer ends; the first token of an answer is of none. */
function byVerifyCalls(span: Span): Acceptance | null {
  const calls = grown(span, 'sglang:spec_verify_calls_total')
  const generated = grown(span, 'sglang:generation_tokens_total')
  // Of others' answers it is not known how many there were.
  if (!calls || calls < 0 || generated !== span.tokens) return null
  const length = (span.tokens - span.answers) / calls
  return { length, counts: null, byPosition: [], source: 'counters of the endpoint' }
}

/** Of the last interval that SGLang logged, whoever asked; 0 before the first. */
function byGauge(span: Span): Acceptance | string | null {
  const values = span.after.flatMap(({ name, value }) => (name === 'sglang:spec_accept_length' ? [value] : []))
  if (values.length === 0) return null
  const told = values.filter((value) => value > 0)
  if (told.length === 0) return 'its gauge is 0 still: let it write more tokens'
  return {
    length: told.reduce((sum, value) => sum + value, 0) / told.length,
    counts: null,
    byPosition: [],
    source: `gauge of the endpoint, of the last interval that it logged${others(span, 'sglang:generation_tokens_total')}`,
  }
}

/** Growth of a counter; null where it is not there. One that appeared meanwhile began at 0. */
function grown({ before, after }: Span, name: string): number | null {
  const now = total(after, name)
  return now === null ? null : now - (total(before, name) ?? 0)
}

function positions({ before, after }: Span, drafts: number): readonly number[] {
  const at = (samples: readonly Sample[], position: number): readonly Sample[] =>
    samples.filter(({ labels }) => labels.get('position') === `${position}`)
  const shares: number[] = []
  for (;;) {
    const position = shares.length
    const span = { before: at(before, position), after: at(after, position), tokens: 0, answers: 0 }
    const accepted = grown(span, `${spec}accepted_tokens_per_pos_total`)
    if (accepted === null) return shares
    shares.push(accepted / drafts)
  }
}

/** Says so where the endpoint generated more than these tokens: acceptance is then of all of them. */
function others(span: Span, counter: string): string {
  const generated = grown(span, counter)
  if (generated === null || generated <= span.tokens) return ''
  return `; it served others meanwhile, ${generated} tokens of which ${span.tokens} were asked for here`
}
