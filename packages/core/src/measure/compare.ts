import { throwIfAborted } from '../abort'
import type { Comparable } from './comparable'
import { type Contender, inOrder } from './contenders'
import { type CompareOptions, type ComparePlan, comparePlan, type NamedPrompt } from './options'
import { runOrder } from './order'
import { Recorder } from './recorder'
import type { CompareReport } from './report'
import { type RunResult, timedRun } from './run'
import { summarise } from './summarise'

/** Milliseconds that measuring the cost curve may take: enough to run passes of every size, which compiles them. */
const costBudgetMs = 5000
/** Tokens of a warm-up generation on a device that has no clock to raise. */
const softWarmUpTokens = 16

/**
 * Decodes prompts with several strategies in turn and reports what each one changed: the speed, never the text.
 *
 * After a warm-up every strategy decodes every prompt, prompt by prompt, in an order that changes from run to run so that none
 * gains by what came before it. Speed is the host's clock from the first round's tokens to the last: all of a round is in it
 * (drafting, submission, verifying, reading back, text), prefill is not. Every run's tokens are compared with plain's. A strategy
 * that throws is reported as failed and left out from then on. `baselines` are plain decoding of other engines of the same model,
 * timed in the same turns: a speed-up is worth what it is against the fastest of them.
 *
 * Throws `INVALID_OPTION`, `STRATEGY_UNKNOWN`, `ABORTED`, `DEVICE_LOST`, `DISPOSED`, and what plain decoding throws.
 *
 * @example
 * ```ts
 * import { compare, compareTable, createEngine } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 * import { draftModel, lookup } from '@outrider/strategy-draft'
 *
 * const engine = await createEngine({
 *   backend: webgpu(),
 *   model: './models/stories-5m',
 *   strategies: [lookup(), draftModel({ model: './models/stories-5m/draft' })],
 * })
 * const report = await compare(engine, { prompts: ['Once upon a time', 'The king was sad'], maxTokens: 100 })
 * console.log(compareTable(report))
 * ```
 */
export async function compare(engine: Comparable, options: CompareOptions): Promise<CompareReport> {
  const plan = comparePlan(engine, options)
  throwIfAborted(options.signal)
  const comparison = new Comparison(engine, plan, options)
  await comparison.warmUp()
  // Compiles verify passes of every size: drafts of later prompts may have sizes that the first one's had not.
  const cost = plan.cost || !engine.backend.info.software ? await engine.verifyCost({ budgetMs: costBudgetMs }) : null
  await comparison.speeds()
  await comparison.phases()
  return summarise({ engine, plan, recorder: comparison.recorder, cost: plan.cost ? cost : null })
}

class Comparison {
  readonly recorder: Recorder = new Recorder()
  readonly #all: readonly Contender[]

  constructor(
    private readonly engine: Comparable,
    private readonly plan: ComparePlan,
    private readonly options: CompareOptions,
  ) {
    this.#all = inOrder(plan.contenders)
  }

  /** Compiles what the first prompt needs, and baselines' passes of every size, for prompts of all lengths; then raises the clock. */
  async warmUp(): Promise<void> {
    const { plan, engine } = this
    const { plain, baselines } = plan.contenders
    const { software } = engine.backend.info
    const maxTokens = software ? Math.min(softWarmUpTokens, plan.maxTokens) : plan.maxTokens
    for (const contender of this.#all) await this.#run(contender, 0, { maxTokens })
    for (const baseline of baselines) await this.#compile(baseline)
    const until = performance.now() + plan.warmUpMs
    while (performance.now() < until) await this.#run(plain, 0)
  }

  /** Every contender on every prompt. */
  async speeds(): Promise<void> {
    const { prompts, repeats } = this.plan
    const total = prompts.length * repeats * this.#all.length
    let done = 0
    for (let run = 0; run < prompts.length * repeats; run++) {
      const prompt = Math.floor(run / repeats)
      for (const contender of this.#turn(run)) {
        const result = await this.#run(contender, prompt)
        if (result) this.recorder.keep(contender, prompt, result)
        this.options.onProgress?.({ done: ++done, total, strategy: contender.name, prompt, result })
      }
    }
  }

  /** Some prompts again, timed by the device's clock. */
  async phases(): Promise<void> {
    const { prompts, phasePrompts } = this.plan
    const count = Math.min(phasePrompts, prompts.length)
    for (let run = 0; run < count; run++) {
      const prompt = Math.floor((run * prompts.length) / count)
      for (const contender of this.#turn(run)) {
        const result = await this.#run(contender, prompt, { timings: true })
        if (result) this.recorder.keepTimed(contender, prompt, result)
      }
    }
  }

  #turn(run: number): readonly Contender[] {
    return runOrder(this.#all.length, run).map((place) => this.#all[place] as Contender)
  }

  async #compile(contender: Contender): Promise<void> {
    const { engine } = contender
    if (engine.backend.info.software) return
    await this.recorder.attempt(contender, 0, () => engine.verifyCost({ budgetMs: costBudgetMs }))
  }

  #run(
    contender: Contender,
    prompt: number,
    own: { maxTokens?: number; timings?: boolean } = {},
  ): Promise<RunResult | null> {
    const { prompts, maxTokens, ignoreEos, rule: acceptance } = this.plan
    const { signal } = this.options
    const { engine, strategy } = contender
    const request = { strategy, maxTokens, ignoreEos, acceptance, ...own, ...(signal && { signal }) }
    return this.recorder.attempt(contender, prompt, () => {
      throwIfAborted(signal)
      return timedRun(engine, (prompts[prompt] as NamedPrompt).prompt, request)
    })
  }
}
