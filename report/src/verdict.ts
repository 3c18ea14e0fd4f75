import type { CompareReport, StrategyReport } from '@outrider/core'
import { count, listed } from './number-words'

/** The first line of a report: which strategies are slower than plain decoding, before anything that is good. */
export function speedVerdict({ strategies }: CompareReport): string {
  const measured = strategies.flatMap(({ strategy, speedUp, failed }) =>
    speedUp && !failed ? [{ strategy, ...speedUp }] : [],
  )
  const slower = measured.filter((row) => row.slower)
  const faster = measured.filter((row) => !row.slower).toSorted((a, b) => b.geomean - a.geomean)
  const failed = strategies.filter((row) => row.failed).map(({ strategy }) => strategy)
  const times = ({ strategy, geomean }: (typeof measured)[number]) => `${strategy} (${geomean.toFixed(2)}×)`
  const clauses = [
    ...(slower.length > 0 ? [`Slower than plain decoding: ${listed(slower.map(times))}`] : []),
    ...(faster.length > 0
      ? [`${slower.length > 0 ? 'faster' : 'Faster than plain decoding'}: ${listed(faster.map(times))}`]
      : []),
    ...(failed.length > 0 ? [`failed: ${listed(failed)}`] : []),
  ]
  return clauses.length > 0 ? `${clauses.join('; ')}.` : 'Nothing was measured beside plain decoding.'
}

/** A strategy's own line: its name, then whether it is slower. */
export function strategyVerdict(row: StrategyReport): string {
  const { failed, speedUp, strategy } = row
  if (failed) return `failed${failed.code === null ? '' : ` (${failed.code})`}: ${failed.message}`
  if (!speedUp) return strategy === 'plain' ? 'what the others are measured against' : 'no speed was measured'
  const { geomean, low, high, slower } = speedUp
  const verdict = `${slower ? 'slower' : 'faster'} than plain decoding: ${geomean.toFixed(2)} times its speed`
  const mixed = low < 1 && high >= 1 ? '; some prompts faster, some slower' : ''
  return `${verdict} (middle half of the prompts ${low.toFixed(2)} to ${high.toFixed(2)}${mixed})`
}

/** Whether the texts are those of plain decoding, in words: the sum first, then a sentence for each that is not. */
export function equalityVerdict(report: CompareReport): readonly string[] {
  const { prompts, strategies, settings, guarantee, exact } = report
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
    ...strategies.flatMap((row) => failure(row, report)),
  ]
}

function difference({ strategy, difference: found }: StrategyReport, { prompts }: CompareReport): readonly string[] {
  if (!found) return []
  const token = (id: number | null) => (id === null ? 'the end' : `token ${id}`)
  const where = `${prompts[found.prompt]?.name ?? `prompt ${found.prompt + 1}`}, generated token ${found.position + 1}`
  return [`${strategy} differs first at ${where}: ${token(found.found)} in place of ${token(found.plain)}.`]
}

function failure({ strategy, failed }: StrategyReport, { prompts }: CompareReport): readonly string[] {
  if (!failed) return []
  const code = failed.code === null ? '' : `${failed.code}: `
  const where = prompts[failed.prompt]?.name ?? `prompt ${failed.prompt + 1}`
  return [`${strategy} failed at ${where} and was left out from then on: ${code}${failed.message}`]
}
