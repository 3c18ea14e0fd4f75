import { appendFileSync } from 'node:fs'

/** A value of a result. */
type Value = string | number | boolean | null | readonly number[] | { readonly [name: string]: Value }

/** A column of a table: its head and the cell that it shows of a line. */
export type Column = readonly [head: string, cell: (line: Line) => string]

/** One result, as the JSON lines have it. */
export type Line = { readonly [name: string]: Value }

/** Where results go: tables to the terminal as they come, and JSON lines to a file where one is named. */
export class Output {
  #common: Line = {}
  #widths: readonly number[] = []
  #columns: readonly Column[] = []

  constructor(
    private readonly file: string | null,
    private readonly write: (text: string) => void,
  ) {}

  /** What every line from now on says as well. */
  always(values: Line): void {
    this.#common = values
  }

  note(text: string): void {
    this.write(text)
  }

  /** Begins a table. */
  table(title: string, columns: readonly Column[]): void {
    this.#columns = columns
    this.#widths = columns.map(([head]) => Math.max(9, head.length))
    this.write(`\n${title}`)
    this.write(this.#row(columns.map(([head]) => head)))
  }

  /** A row of the table, and a JSON line. */
  line(values: Line): void {
    this.write(this.#row(this.#columns.map(([, cell]) => cell(values))))
    this.json(values)
  }

  /** A JSON line alone. */
  json(values: Line): void {
    if (this.file !== null) appendFileSync(this.file, `${JSON.stringify({ ...this.#common, ...values })}\n`)
  }

  #row(cells: readonly string[]): string {
    return cells.map((cell, i) => cell.padStart(this.#widths[i] as number)).join('  ')
  }
}

/** Three significant figures, or all whole ones: 1234, 12.3, 0.0123. */
function figure(value: Value | undefined): string {
  if (typeof value !== 'number') return typeof value === 'string' ? value : '-'
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 6))
}

/** A column that shows a value of the line, divided by `unit`. */
export function shown(head: string, name: string, unit = 1): Column {
  return [head, ({ [name]: value }) => figure(typeof value === 'number' ? value / unit : value)]
}
