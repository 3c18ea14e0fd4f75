import type { Chart } from './charts/chart'
import { element } from './element'
import { tableElement } from './table'

/**
 * A chart as a `<figure>`: heading, drawing, legend, how to read it, and its numbers as a table. Where the data lack what it
 * shows it says why in place of a drawing. `chartStyles` lays it out.
 *
 * @example
 * ```ts
 * import { chartFigure, reportCharts } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const show = (report: CompareReport, place: Element): void =>
 *   place.replaceChildren(...reportCharts(report).map((chart) => chartFigure(document, chart)))
 * ```
 */
export function chartFigure(document: Document, chart: Chart, options: { readonly width?: number } = {}): HTMLElement {
  const { id, title, note, legend, table, draw } = chart
  const swatches = legend.map(({ label, colour }) =>
    element(
      document,
      'li',
      {},
      element(document, 'span', { 'aria-hidden': 'true', style: `background: ${colour}` }),
      label,
    ),
  )
  return element(
    document,
    'figure',
    { class: 'outrider-chart', id: `chart-${id}` },
    element(document, 'h3', {}, title),
    draw?.({ document, ...options }) ?? null,
    draw && swatches.length > 0 ? element(document, 'ul', { class: 'legend' }, ...swatches) : null,
    element(document, 'figcaption', {}, note),
    draw &&
      element(
        document,
        'details',
        {},
        element(document, 'summary', {}, `${title}: the numbers`),
        tableElement(document, table),
      ),
  )
}
