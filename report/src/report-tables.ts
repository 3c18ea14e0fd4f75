import type { CompareReport, SpeedReport, SpeedUp, StrategyReport } from '@outrider/core'
import { belowPlain, fastestBaseline } from './baselines'
import { figure, percent, ratio } from './number-words'
import type { Table } from './table'

/** How fast each strategy and baseline was, and whether a strategy's text is plain decoding's. */
export function speedTable(report: CompareReport): Table {
  const { strategies, baselines = [] } = report
  const fastest = fastestBaseline(report)
  const row = (name: string, speeds: SpeedReport, text: string) => {
    const { speedUp, againstFastest, tokensPerSecond: speed } = speeds
    return [
      name,
      ...times(speedUp),
      ...(fastest ? times(againstFastest) : []),
      figure(speed?.median),
      speed ? `${figure(speed.low)}–${figure(speed.high)}` : '–',
      figure(speeds.roundMs),
      figure(speeds.firstTokenMs),
      text,
    ]
  }
  const head = [
    'strategy',
    'against plain',
    'middle half',
    ...(fastest ? [`against ${fastest.name}`, 'middle half'] : []),
    'tokens/s',
    'middle half',
    'ms a round',
    'first token, ms',
    'text',
  ]
  return {
    caption: 'Speed and text',
    head,
    rows: belowPlain(
      strategies.map((own) => row(own.strategy, own, textOf(own))),
      baselines.map((own) => row(own.name, own, own.failed ? 'FAILED' : 'not compared')),
    ),
    words: [head.length - 1],
  }
}

/** What became of each strategy's drafts. */
export function draftsTable({ strategies }: CompareReport): Table {
  return {
    caption: 'Drafts',
    head: [
      'strategy',
      'tokens a round',
      'rounds',
      'with a draft',
      'proposed',
      'evaluated',
      'accepted',
      'accepted of evaluated',
      'submits a round',
      'reads a round',
    ],
    rows: strategies.map((row) => [
      row.strategy,
      row.meanAcceptanceLength.toFixed(2),
      ...[row.rounds, row.drafts, row.proposed, row.evaluated, row.accepted].map(String),
      row.evaluated > 0 ? percent(row.accepted / row.evaluated) : '–',
      row.submitsPerRound.toFixed(2),
      row.readsPerRound.toFixed(2),
    ]),
  }
}

/** Times plain's speed by the prompts' categories; null where they have none. */
export function categoriesTable({ strategies }: CompareReport): Table | null {
  const drafting = strategies.filter(({ strategy }) => strategy !== 'plain')
  const names = [...new Set(drafting.flatMap(({ categories }) => Object.keys(categories)))]
  if (names.length === 0) return null
  return {
    caption: 'Times plain decoding’s speed, by category',
    head: ['category', ...drafting.map(({ strategy }) => strategy)],
    rows: names.map((name) => [name, ...drafting.map(({ categories }) => figure(categories[name]?.speedUp))]),
  }
}

/** Times plain's speed, prompt by prompt. */
export function promptsTable({ prompts, strategies }: CompareReport): Table {
  const drafting = strategies.filter(({ strategy }) => strategy !== 'plain')
  return {
    caption: 'Times plain decoding’s speed, by prompt',
    head: ['prompt', 'tokens', 'category', ...drafting.map(({ strategy }) => strategy)],
    rows: prompts.map(({ name, tokens, category }, place) => [
      name,
      String(tokens),
      category ?? '–',
      ...drafting.map((row) => figure(row.prompts[place]?.speedUp)),
    ]),
    words: [2],
  }
}

function times(speedUp: SpeedUp | null | undefined): readonly [string, string] {
  return speedUp ? [ratio(speedUp), `${speedUp.low.toFixed(2)}–${speedUp.high.toFixed(2)}`] : ['–', '–']
}

function textOf({ failed, identical, acceptance }: StrategyReport): string {
  if (failed) return 'FAILED'
  if (identical) return 'identical'
  return acceptance?.guarantee === 'lossy' ? 'lossy' : 'DIFFERENT'
}
