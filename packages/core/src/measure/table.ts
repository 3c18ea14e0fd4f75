import { acceptanceCells, type Cells, fastestCells, speedCells } from './cells'
import { headline, remarks } from './remarks'
import type { CompareReport } from './report'

/** Longest name that is written out, and longest heading. */
const longestName = 32

/**
 * A report as text for a terminal, at most 140 columns: what ran on which device, how fast (median tokens a second, times plain's
 * speed, milliseconds of a round), how fast against the fastest plain decoding where a baseline is that, what became of the drafts,
 * and what to know about it.
 *
 * @example
 * ```ts
 * import { compare, compareTable, type Engine } from '@outrider/core'
 *
 * export const show = async (engine: Engine, prompts: readonly string[]): Promise<void> =>
 *   console.log(compareTable(await compare(engine, { prompts })))
 * ```
 */
export function compareTable(report: CompareReport): string {
  const tables = cells(report).map(layOut)
  return [headline(report).join('\n'), ...tables, ...paragraph(remarks(report))].join('\n\n')
}

/**
 * A report as Markdown, with the columns of `compareTable`.
 *
 * @example
 * ```ts
 * import { type CompareReport, compareMarkdown } from '@outrider/core'
 *
 * export const page = (report: CompareReport): string => `## Measured\n\n${compareMarkdown(report)}`
 * ```
 */
export function compareMarkdown(report: CompareReport): string {
  const tables = cells(report).map(pipes)
  const list = remarks(report).map((remark) => `- ${remark}`)
  return [headline(report).join('. '), ...tables, ...paragraph(list)].join('\n\n')
}

function cells(report: CompareReport): readonly Cells[] {
  const fastest = fastestCells(report)
  return [speedCells(report), ...(fastest ? [fastest] : []), acceptanceCells(report)]
}

function paragraph(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [lines.join('\n')]
}

function layOut({ head, rows }: Cells): string {
  const lines = [head.map(shorten), ...rows.map(([name = '', ...cells]) => [shorten(name), ...cells])]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const last = head.length - 1
  const pad = (cell: string, column: number) =>
    column === 0 || column === last ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

function shorten(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name
}

function pipes({ head, rows }: Cells): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map((_, i) => (i === 0 ? ' --- ' : ' ---: ')).join('|')}|`, ...rows.map(line)].join('\n')
}
