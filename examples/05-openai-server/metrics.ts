import { type Backend, type DecodeStats, type Finish, OutriderError } from '@outrider/core'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Queue } from './queue'

/** What the metrics tell of. */
export interface Measured {
  readonly model: string
  readonly queue: Queue
  readonly backend: Backend
}

const vllmLabels = ['model_name', 'engine'] as const

const secondsBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/**
 * Counts what the server does, for Prometheus: speculative decoding also by vLLM's names, so that its dashboards work. A generation
 * counts when it ends, however it ends.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #model: { readonly model_name: string; readonly engine: string }
  readonly #counters = {
    requests: this.#counter('outrider_requests_total', 'Requests.', ['path', 'status']),
    generations: this.#counter('outrider_generations_total', 'Answers, by what ended them.', ['strategy', 'end']),
    tokens: this.#counter('outrider_tokens_total', 'Tokens decoded, by who drafted them.', ['strategy', 'by']),
    prefilled: this.#counter('outrider_prefilled_tokens_total', 'Prompt tokens run.', ['strategy']),
    rounds: this.#counter('outrider_rounds_total', 'Verify passes.', ['strategy']),
    submits: this.#counter('outrider_submits_total', 'Submissions to the device.', ['strategy']),
    reads: this.#counter('outrider_reads_total', 'Reads back from the device.', ['strategy']),
    seconds: this.#counter('outrider_seconds_total', 'Seconds of generations.', ['strategy', 'phase']),
    drafts: this.#counter('vllm:spec_decode_num_drafts_total', 'Number of spec decoding drafts.', vllmLabels),
    draftTokens: this.#counter('vllm:spec_decode_num_draft_tokens_total', 'Number of draft tokens.', vllmLabels),
    accepted: this.#counter('vllm:spec_decode_num_accepted_tokens_total', 'Number of accepted tokens.', vllmLabels),
    acceptedAt: this.#counter(
      'vllm:spec_decode_num_accepted_tokens_per_pos_total',
      'Accepted tokens per draft position.',
      [...vllmLabels, 'position'],
    ),
  }
  readonly #requestSeconds = new Histogram({
    name: 'outrider_request_seconds',
    help: 'Seconds from a request to the end of its answer, those in the queue among them.',
    labelNames: ['path'],
    buckets: secondsBuckets,
    registers: [this.#registry],
  })
  readonly #firstSeconds = new Histogram({
    name: 'outrider_first_token_seconds',
    help: 'Seconds from a request to the first tokens of its answer, those in the queue among them.',
    labelNames: ['path'],
    buckets: secondsBuckets,
    registers: [this.#registry],
  })

  constructor({ model, queue, backend }: Measured) {
    this.#model = { model_name: model, engine: '0' }
    this.#gauge('outrider_requests_running', 'Requests that are decoded now.', () => queue.running)
    this.#gauge('outrider_requests_waiting', 'Requests in the queue now.', () => queue.waiting)
    this.#gauge('outrider_device_bytes', 'Bytes of tensors and weights on the device.', () => backend.stats.liveBytes)
    const { drafts, draftTokens, accepted } = this.#counters
    // Scrapers see them from the start.
    for (const counter of [drafts, draftTokens, accepted]) counter.inc(this.#model, 0)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  request(path: string, status: number): void {
    this.#counters.requests.inc({ path, status })
  }

  firstTokens(path: string, seconds: number): void {
    this.#firstSeconds.observe({ path }, seconds)
  }

  answered(path: string, seconds: number): void {
    this.#requestSeconds.observe({ path }, seconds)
  }

  /** A generation ended by itself. */
  finished(strategy: string, { reason, stats }: Finish): void {
    this.#counters.generations.inc({ strategy, end: reason })
    this.#count(strategy, stats)
  }

  /** A generation was ended by an error, the client's hanging up among them. */
  failed(strategy: string, error: unknown): void {
    const cancelled = OutriderError.is(error, 'ABORTED')
    this.#counters.generations.inc({ strategy, end: cancelled ? 'cancelled' : 'failed' })
    const stats = OutriderError.is(error) ? (error.details.stats as DecodeStats | undefined) : undefined
    if (stats) this.#count(strategy, stats)
  }

  #count(strategy: string, stats: DecodeStats): void {
    const { tokens, prefilled, rounds, submits, reads, seconds, ...vllm } = this.#counters
    prefilled.inc({ strategy }, stats.prefilled)
    rounds.inc({ strategy }, stats.rounds)
    submits.inc({ strategy }, stats.submits)
    reads.inc({ strategy }, stats.reads)
    for (const [by, count] of Object.entries(stats.acceptedBy)) tokens.inc({ strategy, by }, count)
    tokens.inc({ strategy, by: 'target' }, stats.tokens - stats.accepted)
    const { prefillMs: prefill, draftMs: draft, deviceMs: device, hostMs: host } = stats
    for (const [phase, ms] of Object.entries({ prefill, draft, device, host }))
      seconds.inc({ strategy, phase }, ms / 1000)
    vllm.drafts.inc(this.#model, stats.drafts)
    vllm.draftTokens.inc(this.#model, stats.evaluated)
    vllm.accepted.inc(this.#model, stats.accepted)
    for (const [position, count] of stats.acceptedByDepth.entries())
      vllm.acceptedAt.inc({ ...this.#model, position }, count)
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value())
      },
    })
  }
}
