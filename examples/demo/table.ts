import type { Telling } from './tell'

/** A line of the table. */
export interface Row extends Omit<Telling, 'ids'> {
  /** Whether its tokens are those of plain decoding. */
  readonly identical: boolean
}

/** Compares every telling with the first, the plain one. */
export function compare(tellings: readonly Telling[]): readonly Row[] {
  const plain = tellings[0]?.ids.join()
  return tellings.map(({ ids, ...telling }) => ({ ...telling, identical: ids.join() === plain }))
}

/** The table in plain text. */
export function format(rows: readonly Row[]): string {
  const head = ['strategy', 'tokens', 'acceptance length', 'tokens/s', 'identical to plain']
  const cells = rows.map((row) => [
    row.strategy,
    String(row.tokens),
    row.acceptanceLength.toFixed(2),
    row.tokensPerSecond?.toFixed(1) ?? '-',
    row.identical ? 'yes' : 'NO',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)))
  const pad = (line: readonly string[]) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return [head, ...cells].map(pad).join('\n')
}
