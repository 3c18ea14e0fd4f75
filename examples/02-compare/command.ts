import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  type CompareProgress,
  type CompareReport,
  compare,
  compareMarkdown,
  compareTable,
  OutriderError,
} from '@outrider/core'
import { renderReport } from '@outrider/report'
import { factsOf } from './facts'
import { withEngines } from './open-engines'
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
    return hasFault(report) ? 1 : 0
  } catch (error) {
    output.note(describe(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function run(options: CommandOptions, output: Output): Promise<CompareReport> {
  const { model, heads, maxTokens, repeats, cost } = options
  const specs = options.strategies.filter(({ name }) => name !== 'plain')
  const strategies = [...new Map(specs.map((spec) => [spec.text, buildStrategy(spec, heads)])).values()]
  const lines = spreadOver(await promptLines(options), options.limit)
  return withEngines(options, strategies, async (engine, others) => {
    const { prompts, tooLong } = fitPrompts(engine, lines, maxTokens)
    if (tooLong.length > 0)
      output.note(
        `left out, too long for ${engine.limits.capacity} tokens with ${maxTokens} more: ${tooLong.join(', ')}`,
      )
    if (prompts.length === 0) throw new UsageError('no prompt is left: lower --max-tokens, or raise --capacity')
    const onProgress = progress(prompts, output)
    output.note(`warming up on ${engine.backend.info.device}`)
    return compare(engine, {
      prompts,
      baselines: others.map((other) => ({ name: `plain in ${other.backend.info.arithmetic}`, engine: other })),
      maxTokens,
      repeats,
      ...(cost && { cost }),
      title: basename(model),
      onProgress,
    })
  })
}

async function promptLines({ prompts, begin }: CommandOptions): Promise<readonly PromptLine[]> {
  return prompts === null ? builtInPrompts(begin) : readPrompts(prompts)
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

/** Whether something is wrong: to be slow is not. */
function hasFault({ strategies, baselines = [], exact, guarantee }: CompareReport): boolean {
  const promised = exact && guarantee === 'same-tokens'
  return (
    [...strategies, ...baselines].some(({ failed }) => failed) ||
    (promised && strategies.some(({ identical }) => !identical))
  )
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) return `compare: ${message} (--help tells what there is)`
  return OutriderError.is(error) ? `${error.code}: ${message}` : message
}
