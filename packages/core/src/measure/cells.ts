import type { CompareReport, StrategyReport } from './report'

/** A table before it is laid out: the first column is text, the others numbers. */
export interface Cells {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Most positions that are shown. */
const mostPositions = 10

/** How fast each strategy was, and where the time of a round went. */
export function speedCells({ strategies }: CompareReport): Cells {
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
    rows: strategies.map((row) => {
      const { tokensPerSecond: speed, speedUp: ratio, phasesMs: phases } = row
      return [
        row.strategy,
        figure(speed?.median),
        speed ? `${figure(speed.low)}-${figure(speed.high)}` : '-',
        ratio ? `${ratio.geomean.toFixed(2)}x ${ratio.slower ? 'slower' : 'faster'}` : '-',
        ratio ? `${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)}` : '-',
        figure(row.roundMs),
        figure(phases?.draft),
        figure(phases?.verify),
        figure(phases?.host),
        figure(row.firstTokenMs),
        textOf(row),
      ]
    }),
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
