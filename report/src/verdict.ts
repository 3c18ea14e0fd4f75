import type { BaselineReport, CompareReport, SpeedUp, StrategyFailure, StrategyReport } from '@outrider/core'
import { fastestBaseline } from './baselines'
import { count, listed } from './number-words'

/** The first line of a report: which strategies are slower than the fastest plain decoding, before anything that is good. */
export function speedVerdict(report: CompareReport): string {
  const { strategies, baselines = [] } = report
  const fastest = fastestBaseline(report)
  const than = fastest ? `the fastest plain decoding (${fastest.name})` : 'plain decoding'
  const measured = strategies.flatMap(({ strategy, speedUp, againstFastest = speedUp, failed }) =>
    speedUp && againstFastest && !failed ? [{ strategy, ...againstFastest }] : [],
  )
  const slower = measured.filter((row) => row.slower)
  const faster = measured.filter((row) => !row.slower).toSorted((a, b) => b.geomean - a.geomean)
  const failed = [
    ...baselines.filter((row) => row.failed).map(({ name }) => name),
    ...strategies.filter((row) => row.failed).map(({ strategy }) => strategy),
  ]
  const times = ({ strategy, geomean }: (typeof measured)[number]) => `${strategy} (${geomean.toFixed(2)}×)`
  const clauses = [
    ...(slower.length > 0 ? [`Slower than ${than}: ${listed(slower.map(times))}`] : []),
    ...(faster.length > 0
      ? [`${slower.length > 0 ? 'faster' : `Faster than ${than}`}: ${listed(faster.map(times))}`]
      : []),
    ...(failed.length > 0 ? [`failed: ${listed(failed)}`] : []),
  ]
  return clauses.length > 0 ? `${clauses.join('; ')}.` : 'Nothing was measured beside plain decoding.'
}

/** A strategy's own line: whether it is slower than plain decoding, and than the fastest where a baseline is that. */
export function strategyVerdict(row: StrategyReport, fastest: BaselineReport | null = null): string {
  const { failed, speedUp, againstFastest, strategy } = row
  if (failed) return failedWith(failed)
  const against = fastest && againstFastest ? `; ${compared(againstFastest, fastest.name)}` : ''
  if (!speedUp) return strategy === 'plain' ? `what the others are measured against${against}` : 'no speed was measured'
  return `${againstPlain(speedUp)}${against}`
}

/** A baseline's own line: whether its plain decoding is slower than that of the strategies' engine. */
export function baselineVerdict({ failed, speedUp }: BaselineReport): string {
  if (failed) return failedWith(failed)
  return speedUp ? againstPlain(speedUp) : 'no speed was measured'
}

function failedWith({ code, message }: StrategyFailure): string {
  return `failed${code === null ? '' : ` (${code})`}: ${message}`
}

function againstPlain(speedUp: SpeedUp): string {
  const { low, high } = speedUp
  const mixed = low < 1 && high >= 1 ? '; some prompts faster, some slower' : ''
  return `${compared(speedUp, 'plain decoding')} (middle half of the prompts ${low.toFixed(2)} to ${high.toFixed(2)}${mixed})`
}

function compared({ geomean, slower }: SpeedUp, what: string): string {
  return `${slower ? 'slower' : 'faster'} than ${what}: ${geomean.toFixed(2)} times its speed`
}

/** Whether the texts are those of plain decoding, in words: the sum first, then a sentence for each that is not. */
export function equalityVerdict(report: CompareReport): readonly string[] {
  const { prompts, strategies, baselines = [], settings, guarantee, exact } = report
  const judged = strategies.filter(({ failed }) => !failed)
  const other = judged.filter(({ identical }) => !identical)
  const runs = `${count(prompts.length, 'prompt')}, ${settings.maxTokens} tokens each, ${count(settings.repeats, 'run')} of each`
  const promised = guarantee === 'same-tokens' && exact
  const sum =
    other.length === 0
      ? `Same text: every strategy gave exactly the tokens of plain decoding (${runs}).`
      : `${promised ? 'DIFFERENT TEXT, which is a fault' : 'Different text'}: ${listed(other.map(({ strategy }) => strategy))} ` +
        `did not give the tokens of plain decoding (${runs}).`
  return [
    sum,
    ...other.flatMap((row) => difference(row, report)),
    ...(guarantee === 'same-tokens' ? [] : [`The rule ${settings.acceptance} does not promise them: ${guarantee}.`]),
    ...(exact ? [] : ['This device was not seen to give equal bits in passes of every size, so texts may differ.']),
    ...baselines.flatMap(({ name, failed }) => failure(name, failed, report)),
    ...strategies.flatMap(({ strategy, failed }) => failure(strategy, failed, report)),
  ]
}

function difference({ strategy, difference: found }: StrategyReport, { prompts }: CompareReport): readonly string[] {
  if (!found) return []
  const token = (id: number | null) => (id === null ? 'the end' : `token ${id}`)
  const where = `${prompts[found.prompt]?.name ?? `prompt ${found.prompt + 1}`}, generated token ${found.position + 1}`
  return [`${strategy} differs first at ${where}: ${token(found.found)} in place of ${token(found.plain)}.`]
}

function failure(name: string, failed: StrategyFailure | null, { prompts }: CompareReport): readonly string[] {
  if (!failed) return []
  const code = failed.code === null ? '' : `${failed.code}: `
  const where = prompts[failed.prompt]?.name ?? `prompt ${failed.prompt + 1}`
  return [`${name} failed at ${where} and was left out from then on: ${code}${failed.message}`]
}
