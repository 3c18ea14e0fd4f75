import type { CompareReport } from '@outrider/core'
import { newDocument } from '#document'
import { belowPlain, fastestBaseline } from './baselines'
import { chartFigure } from './chart-figure'
import { reportCharts } from './charts'
import { type Child, element } from './element'
import type { Fact, ReportFacts } from './facts'
import { count } from './number-words'
import { categoriesTable, draftsTable, promptsTable, speedTable } from './report-tables'
import { chartStyles, pageStyles } from './styles'
import { type Table, tableElement } from './table'
import { baselineVerdict, equalityVerdict, speedVerdict, strategyVerdict } from './verdict'

/** Nothing is loaded and nothing runs, whatever a name or a prompt holds. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/**
 * A comparison as one HTML file without scripts that loads nothing: verdicts in words, charts, tables, the machine, the versions
 * and what repeats it. A slower strategy is said to be slower in the first line. Names and prompts are text, whatever they hold.
 * In a browser it needs the page's `document`, so it does not run in a worker.
 *
 * @example
 * ```ts
 * import { renderReport } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const page = (report: CompareReport): string =>
 *   renderReport(report, {
 *     measured: new Date().toISOString(),
 *     repeat: location.href,
 *     machine: [{ name: 'Browser', value: navigator.userAgent }],
 *     versions: [],
 *   })
 * ```
 */
export function renderReport(report: CompareReport, facts: ReportFacts): string {
  const document = newDocument()
  const { head, body, documentElement } = document
  documentElement.setAttribute('lang', 'en')
  const of = report.title ?? report.model.architecture
  head.append(
    element(document, 'meta', { charset: 'utf-8' }),
    element(document, 'meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
    element(document, 'meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element(document, 'link', { rel: 'icon', href: 'data:,' }),
    element(document, 'title', {}, `${of}: decoding strategies compared`),
    element(document, 'style', {}, chartStyles, pageStyles),
  )
  body.append(element(document, 'main', {}, ...content(document, report, facts)))
  return `<!doctype html>\n${documentElement.outerHTML}\n`
}

function content(document: Document, report: CompareReport, facts: ReportFacts): readonly Child[] {
  const make = (tag: string, attributes: Readonly<Record<string, string>>, ...children: readonly Child[]) =>
    element(document, tag, attributes, ...children)
  const table = (given: Table | null) => given && tableElement(document, given)
  const same = report.strategies.every(({ identical, failed }) => identical && !failed)
  const prompts = promptsTable(report)
  return [
    make('h1', {}, speedVerdict(report)),
    report.environment.software ? make('p', {}, 'Measured on a software device: no measure of speed.') : null,
    make('p', { class: 'soft' }, subject(report)),
    make(
      'section',
      { class: same ? 'equality' : 'equality other', 'aria-label': 'Equality of texts' },
      ...equalityVerdict(report).map((sentence) => make('p', {}, sentence)),
    ),
    make('h2', {}, 'Strategies'),
    make(
      'ul',
      { class: 'verdicts' },
      ...verdicts(report).map(({ name, slower, verdict }) =>
        make('li', {}, make('strong', {}, name), ': ', make('span', slower ? { class: 'slower' } : {}, verdict)),
      ),
    ),
    make('h2', {}, 'Charts'),
    make('div', { class: 'charts' }, ...reportCharts(report).map((chart) => chartFigure(document, chart))),
    make('h2', {}, 'Numbers'),
    table(speedTable(report)),
    table(draftsTable(report)),
    table(categoriesTable(report)),
    make('details', {}, make('summary', {}, `By prompt: ${count(report.prompts.length, 'prompt')}`), table(prompts)),
    make('h2', {}, 'Machine and versions'),
    make('dl', {}, ...[...deviceFacts(report), ...facts.machine, ...facts.versions, measured(facts)].flatMap(row)),
    make('h2', {}, 'Repeat it'),
    facts.repeat === null
      ? make('p', {}, 'The command was not written down with this comparison.')
      : make('pre', {}, make('code', {}, facts.repeat)),
  ]

  function row({ name, value }: Fact): readonly Child[] {
    return [make('dt', {}, name), make('dd', {}, value)]
  }
}

function verdicts(
  report: CompareReport,
): readonly { readonly name: string; readonly slower: boolean; readonly verdict: string }[] {
  const { strategies, baselines = [] } = report
  const fastest = fastestBaseline(report)
  return belowPlain(
    strategies.map((row) => ({
      name: row.strategy,
      slower: (row.againstFastest ?? row.speedUp)?.slower ?? false,
      verdict: strategyVerdict(row, fastest),
    })),
    baselines.map((row) => ({
      name: row.name,
      slower: row.speedUp?.slower ?? false,
      verdict: baselineVerdict(row),
    })),
  )
}

function subject({ title, model, prompts, settings, guarantee }: CompareReport): string {
  const times = settings.repeats === 1 ? 'once' : `${settings.repeats} times`
  return (
    `${title ?? model.architecture} (${count(model.layers, 'layer')}, hidden ${model.hidden}, vocabulary ${model.vocab}): ` +
    `${count(prompts.length, 'prompt')}, ${settings.maxTokens} tokens each, ${times}; acceptance rule ${settings.acceptance} (${guarantee}).`
  )
}

function deviceFacts({ environment, settings, baselines = [] }: CompareReport): readonly Fact[] {
  const { device, features } = environment
  return [
    { name: 'Device', value: device },
    { name: 'Backend', value: backendOf(environment) },
    ...baselines.map(({ name, environment: own }) => ({
      name: `Baseline ${name}`,
      value: own.device === device ? backendOf(own) : `${backendOf(own)}, on ${own.device}`,
    })),
    { name: 'Features in use', value: features.join(', ') || 'none' },
    { name: 'Session', value: `${settings.capacity} tokens at most, passes of ${settings.maxRows} rows at most` },
    { name: 'Warm-up', value: `a generation with each strategy, then ${settings.warmUpMs} ms of plain decoding` },
  ]
}

function backendOf({ name, arithmetic, cacheType }: CompareReport['environment']): string {
  return `${name}, arithmetic ${arithmetic}, cache ${cacheType}`
}

function measured({ measured: at }: ReportFacts): Fact {
  return { name: 'Measured', value: at ?? 'not written down' }
}
