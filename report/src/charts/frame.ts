import { type Markish, type PlotOptions, plot, text } from '@observablehq/plot'
import type { Chart, DrawOptions } from './chart'

/** Colours are the page's own, with one to fall back on, so that a drawing follows light and dark. */
export const colours = {
  faster: 'var(--outrider-faster, #1a7f4b)',
  slower: 'var(--outrider-slower, #b3412e)',
  draft: 'var(--outrider-draft, #b86e00)',
  verify: 'var(--outrider-verify, #2b6cb0)',
  host: 'var(--outrider-host, #8a8f98)',
  paper: 'var(--outrider-paper, white)',
} as const

const margins = { marginLeft: 14, marginRight: 14, marginTop: 8, marginBottom: 40 }

/** Draws marks in the frame that all charts share; `words` is what a screen reader says in place of the drawing. */
export function frame(
  { document, width = 440 }: DrawOptions,
  words: Pick<Chart, 'title' | 'alternative'>,
  options: PlotOptions,
): Element {
  const drawing = plot({ document, width, ...margins, style: { fontSize: '12px', overflow: 'visible' }, ...options })
  drawing.setAttribute('role', 'img')
  drawing.setAttribute('aria-label', `${words.title}. ${words.alternative}`)
  // The label stands for the whole: parts would be read twice.
  for (const part of drawing.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  return drawing
}

/** Height in px of a strategy's row: its name above, what was measured below. */
export const rowHeight: number = 46
/** How far below the middle of the row that is, in px. */
export const below: number = 9

/** The names of rows at the left and what was measured at the right, above each row's own marks. */
export function rowLabels(rows: readonly { readonly name: string; readonly value: string }[]): readonly Markish[] {
  const halo = { stroke: colours.paper, strokeWidth: 4, fill: 'currentColor', dy: -13 }
  return [
    text(rows, {
      ...halo,
      y: 'name',
      text: 'name',
      title: 'name',
      frameAnchor: 'left',
      fontWeight: 600,
      lineWidth: 20,
      textOverflow: 'ellipsis',
    }),
    text(rows, { ...halo, y: 'name', text: 'value', frameAnchor: 'right' }),
  ]
}
