import type { CompareReport, SpeedReport, SpeedUp, StrategyReport } from './report'

/** A table before it is laid out: the first column is text, the others numbers. */
export interface Cells {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Most positions that are shown. */
const mostPositions = 10

/** How fast each strategy and baseline was, and where the time of a round went. */
export function speedCells(report: CompareReport): Cells {
  const head = [
    'strategy',
    'tokens/s',
    'quartiles',
    'against plain',
    'quartiles',
    'ms/round',
    'draft',
    'verify',
    'host',
  ]
  return {
    head: [...head, 'first ms', 'text'],
    rows: contenders(report).map(({ name, text, row }) => {
      const { tokensPerSecond: speed, phasesMs: phases } = row
      return [
        name,
        figure(speed?.median),
        speed ? `${figure(speed.low)}-${figure(speed.high)}` : '-',
        ...times(row.speedUp),
        figure(row.roundMs),
        figure(phases?.draft),
        figure(phases?.verify),
        figure(phases?.host),
        figure(row.firstTokenMs),
        text,
      ]
    }),
  }
}

/** How fast each was against the fastest plain decoding; null where no baseline is that. */
export function fastestCells(report: CompareReport): Cells | null {
  const fastest = report.baselines?.find(({ name }) => name === report.fastestPlain)
  if (!fastest) return null
  return {
    head: ['strategy', `against ${fastest.name}`, 'quartiles'],
    rows: contenders(report)
      .filter(({ row }) => row !== fastest)
      .map(({ name, row }) => [name, ...times(row.againstFastest)]),
  }
}

/** What became of each strategy's drafts. */
export function acceptanceCells({ strategies }: CompareReport): Cells {
  return {
    head: [
      'strategy',
      'length',
      'rounds',
      'drafted',
      'proposed',
      'evaluated',
      'accepted',
      '% accepted at position 1, 2, …',
    ],
    rows: strategies.map((row) => [
      row.strategy,
      row.meanAcceptanceLength.toFixed(2),
      ...[row.rounds, row.drafts, row.proposed, row.evaluated, row.accepted].map(String),
      positions(row),
    ]),
  }
}

/** Plain, the baselines right below it, then the other strategies. */
function contenders({ strategies, baselines = [] }: CompareReport): readonly {
  readonly name: string
  readonly text: string
  readonly row: SpeedReport
}[] {
  const [plain, ...drafting] = strategies.map((row) => ({ name: row.strategy, text: textOf(row), row }))
  const others = baselines.map((row) => ({ name: row.name, text: row.failed ? 'FAILED' : 'not compared', row }))
  return [...(plain ? [plain] : []), ...others, ...drafting]
}

/** A ratio in words, and its quartiles. */
function times(ratio: SpeedUp | null | undefined): readonly [string, string] {
  if (!ratio) return ['-', '-']
  const { geomean, low, high, slower } = ratio
  return [`${geomean.toFixed(2)}x ${slower ? 'slower' : 'faster'}`, `${low.toFixed(2)}-${high.toFixed(2)}`]
}

/** Whether the text is plain decoding's; where a rule is lossy, another is no fault. */
function textOf({ failed, identical, acceptance }: StrategyReport): string {
  if (failed) return 'FAILED'
  if (identical) return 'identical'
  return acceptance?.guarantee === 'lossy' ? 'lossy' : 'DIFFERENT'
}

/** Three significant figures or all whole ones: 1234, 123, 12.3, 1.23. */
function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-'
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
}

function positions({ acceptanceByPosition: shares }: StrategyReport): string {
  const shown = shares.slice(0, mostPositions).map((share) => (share * 100).toFixed(0))
  return [...shown, ...(shares.length > mostPositions ? ['…'] : [])].join(' ') || '-'
}
