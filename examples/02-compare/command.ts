import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  type Backend,
  type CompareProgress,
  type CompareReport,
  compare,
  compareMarkdown,
  compareTable,
  createEngine,
  OutriderError,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { renderReport } from '@outrider/report'
import { factsOf } from './facts'
import { type CommandOptions, help, readOptions } from './options'
import { builtInPrompts, fitPrompts, type PromptLine, readPrompts, spreadOver } from './prompts'
import { type Recorded, readRecorded } from './recorded'
import { buildStrategy } from './strategy-build'
import { UsageError } from './usage-error'

/** Where the command writes: what was asked for, and what is said on the way. */
export interface Output {
  result(text: string): void
  note(text: string): void
}

/** Runs the command and gives its exit code. */
export async function command(args: readonly string[], output: Output): Promise<number> {
  try {
    const options = readOptions(args)
    if (!options) {
      output.result(help)
      return 0
    }
    const recorded =
      options.from === null
        ? { report: await run(options, output), facts: factsOf(args) }
        : await readRecorded(options.from)
    await write(recorded, options, output)
    const { report } = recorded
    return report.strategies.some((strategy) => isFault(strategy, report)) ? 1 : 0
  } catch (error) {
    output.note(describe(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function run(options: CommandOptions, output: Output): Promise<CompareReport> {
  const { model, heads, maxTokens, repeats, cost, capacity, maxRows } = options
  const specs = options.strategies.filter(({ name }) => name !== 'plain')
  const strategies = [...new Map(specs.map((spec) => [spec.text, buildStrategy(spec, heads)])).values()]
  const lines = spreadOver(await promptLines(options), options.limit)
  const backend = await openBackend(options)
  try {
    const limits = { ...(capacity !== null && { capacity }), ...(maxRows !== null && { maxRows }) }
    // A run is the steady state of a server, not the first generation of a strategy.
    const keepSessions = strategies.length + 1
    const engine = await createEngine({ backend, model, strategies, keepSessions, ...limits })
    try {
      const { prompts, tooLong } = fitPrompts(engine, lines, maxTokens)
      if (tooLong.length > 0)
        output.note(
          `left out, too long for ${engine.limits.capacity} tokens with ${maxTokens} more: ${tooLong.join(', ')}`,
        )
      if (prompts.length === 0) throw new UsageError('no prompt is left: lower --max-tokens, or raise --capacity')
      const onProgress = progress(prompts, output)
      output.note(`warming up on ${backend.info.device}`)
      return await compare(engine, {
        prompts,
        maxTokens,
        repeats,
        ...(cost && { cost }),
        title: basename(model),
        onProgress,
      })
    } finally {
      await engine.dispose()
    }
  } finally {
    backend.dispose()
  }
}

async function promptLines({ prompts, begin }: CommandOptions): Promise<readonly PromptLine[]> {
  return prompts === null ? builtInPrompts(begin) : readPrompts(prompts)
}

async function openBackend({ backend, cache, arithmetic }: CommandOptions): Promise<Backend> {
  if (backend === 'webgpu') return webgpu({ cacheType: cache, arithmetic })
  return referenceBackend(arithmetic === 'fastest' ? {} : { arithmetic })
}

/** A line a prompt, and one for each strategy that fails. */
function progress(prompts: readonly { readonly name: string }[], output: Output): (at: CompareProgress) => void {
  const failed = new Set<string>()
  return ({ done, total, strategy, prompt, result }) => {
    if (!result && !failed.has(strategy)) output.note(`${strategy} has failed`)
    if (!result) failed.add(strategy)
    if (done % (total / prompts.length) === 0)
      output.note(`${prompt + 1} of ${prompts.length} prompts: ${prompts[prompt]?.name}`)
  }
}

async function write({ report, facts }: Recorded, options: CommandOptions, output: Output): Promise<void> {
  const { json, markdown, html } = options
  const table = compareTable(report)
  const recorded = JSON.stringify({ ...report, facts })
  if (markdown !== null) await writeFile(markdown, `${compareMarkdown(report)}\n`)
  if (html !== null) await writeFile(html, renderReport(report, facts))
  if (json !== null && json !== '-') await writeFile(json, `${recorded}\n`)
  if (json === '-') {
    output.note(table)
    output.result(recorded)
  } else output.result(table)
}

/** Whether something is wrong with the strategy: to be slow is not. */
function isFault({ failed, identical }: CompareReport['strategies'][number], report: CompareReport): boolean {
  return failed !== null || (!identical && report.exact && report.guarantee === 'same-tokens')
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) return `compare: ${message} (--help tells what there is)`
  return OutriderError.is(error) ? `${error.code}: ${message}` : message
}
