import { element } from './element'

/** A table before it is drawn: the first column names the row, the others are right-aligned unless `words` has their place. */
export interface Table {
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Columns of words rather than numbers, from 0. */
  readonly words?: readonly number[]
}

/** Draws a table in a box of its own that scrolls sideways where the page is narrow, by the keyboard too. */
export function tableElement(document: Document, { caption, head, rows, words = [] }: Table): HTMLElement {
  const kind = (column: number): Readonly<Record<string, string>> =>
    column === 0 || words.includes(column) ? {} : { class: 'number' }
  const heading = head.map((cell, i) => element(document, 'th', { scope: 'col', ...kind(i) }, cell))
  const lines = rows.map((row) =>
    element(
      document,
      'tr',
      {},
      ...row.map((cell, i) => element(document, i === 0 ? 'th' : 'td', i === 0 ? { scope: 'row' } : kind(i), cell)),
    ),
  )
  return element(
    document,
    'div',
    { class: 'outrider-table', role: 'region', tabindex: '0', 'aria-label': caption },
    element(
      document,
      'table',
      {},
      element(document, 'caption', {}, caption),
      element(document, 'thead', {}, element(document, 'tr', {}, ...heading)),
      element(document, 'tbody', {}, ...lines),
    ),
  )
}
