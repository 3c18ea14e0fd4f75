import type { BaselineReport, CompareReport, StrategyFailure, StrategyReport } from './report'

/** What stands above the tables: the device in the first line, then the model and how it was run. */
export function headline(report: CompareReport): readonly string[] {
  const { environment, model, settings, prompts, title } = report
  const { name, device, arithmetic, cacheType, software } = environment
  const { maxTokens, repeats, acceptance } = settings
  const times = repeats === 1 ? 'once' : `${repeats} times`
  return [
    `${device} (${name}; arithmetic ${arithmetic}, cache ${cacheType})${software ? ': a software device, no measure of speed' : ''}`,
    `${title ?? model.architecture}: ${model.layers} layers, hidden ${model.hidden}, vocabulary ${model.vocab}`,
    `${prompts.length} ${prompts.length === 1 ? 'prompt' : 'prompts'}, ${maxTokens} tokens each, ${times}; rule ${acceptance} (${report.guarantee})`,
  ]
}

/** What has to be said below them. */
export function remarks(report: CompareReport): readonly string[] {
  return [
    ...(report.baselines ?? []).flatMap((row) => [baseline(row, report), ...failure(row.name, row.failed, report)]),
    ...report.strategies.flatMap((row) => [...failure(row.strategy, row.failed, report), ...difference(row, report)]),
    ...promises(report),
    ...clock(report),
    ...cost(report),
  ]
}

function baseline({ name, environment: own, speedUp }: BaselineReport, report: CompareReport): string {
  const { device, arithmetic, cacheType } = own
  const place = device === report.environment.device ? '' : ` on ${device} (${own.name})`
  const what = `${name} is plain decoding in arithmetic ${arithmetic}, cache ${cacheType}${place}`
  return name === report.fastestPlain && speedUp
    ? `${what}: the fastest plain decoding, ${speedUp.geomean.toFixed(2)} times plain's speed`
    : what
}

function failure(name: string, failed: StrategyFailure | null, { prompts }: CompareReport): readonly string[] {
  if (!failed) return []
  const code = failed.code === null ? '' : `${failed.code}: `
  return [`${name} failed at ${prompts[failed.prompt]?.name} and was left out from then on: ${code}${failed.message}`]
}

function difference({ strategy, difference: found }: StrategyReport, { prompts }: CompareReport): readonly string[] {
  if (!found) return []
  const token = (id: number | null) => (id === null ? 'the end' : `token ${id}`)
  return [
    `${strategy} differs from plain first at ${prompts[found.prompt]?.name}, generated token ${found.position + 1}: ` +
      `${token(found.found)} in place of ${token(found.plain)}`,
  ]
}

function promises({ guarantee, exact, settings }: CompareReport): readonly string[] {
  if (guarantee !== 'same-tokens') return [`The rule ${settings.acceptance} does not promise plain decoding's tokens.`]
  return exact ? [] : ['This device was not seen to give equal bits in passes of every size: texts may differ.']
}

function clock({ settings, strategies }: CompareReport): readonly string[] {
  const asked = settings.phasePrompts > 0 && strategies.some(({ failed }) => !failed)
  const timed = strategies.some(({ phasesMs }) => phasesMs)
  return asked && !timed
    ? ['The device gave no times of its own: rounds are not split into draft, verify and host.']
    : []
}

function cost({ cost: curve }: CompareReport): readonly string[] {
  if (!curve) return []
  const [one = 1] = curve.ms
  const ratios = curve.rows.map((rows, i) => `${rows}: ${((curve.ms[i] as number) / one).toFixed(2)}`)
  const reckoned = curve.rows.filter((rows) => curve.measured && !curve.measured.includes(rows))
  const how = [
    ...(curve.tookMs === undefined ? [] : [`measured in ${curve.tookMs.toFixed(0)} ms`]),
    ...(reckoned.length === 0 ? [] : [`${reckoned.join(', ')} reckoned from the others`]),
  ]
  const note = how.length === 0 ? '' : ` (${how.join('; ')})`
  return [`A verify pass costs ${one.toFixed(2)} ms; of m rows, times that: ${ratios.join(', ')}${note}`]
}
