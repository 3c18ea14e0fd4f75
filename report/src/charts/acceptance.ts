import { cell, text } from '@observablehq/plot'
import type { CompareReport } from '@outrider/core'
import { listed, percent } from '../number-words'
import type { Chart } from './chart'
import { colours, frame, rowHeight, rowLabels } from './frame'

/** Most positions that fit side by side on a phone. */
const mostPositions = 10

/**
 * Of the rounds with a draft, how many kept at least 1, 2, 3, … of its tokens.
 *
 * @example
 * ```ts
 * import { acceptanceChart, chartFigure } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const show = (report: CompareReport): void =>
 *   document.body.append(chartFigure(document, acceptanceChart(report)))
 * ```
 */
export function acceptanceChart({ strategies }: Pick<CompareReport, 'strategies'>): Chart {
  const rows = strategies.flatMap(
    ({ strategy: name, acceptanceByPosition: shares, meanAcceptanceLength: length, drafts }) =>
      drafts > 0 ? [{ name, shares, value: `${length.toFixed(2)} tokens a round` }] : [],
  )
  const shown = Math.max(1, Math.min(mostPositions, ...[Math.max(0, ...rows.map(({ shares }) => shares.length))]))
  const title = 'Acceptance by position'
  const alternative = listed(
    rows.map(({ name, shares, value }) => `${name} ${percent(shares[0] ?? 0)} at the first position, ${value}`),
  )
  const places = Array.from({ length: shown }, (_, place) => place)
  const cells = rows.flatMap(({ name, shares }) =>
    places.map((place) => ({ name, place: place + 1, share: shares[place] ?? 0 })),
  )
  return {
    id: 'acceptance',
    title,
    alternative,
    note:
      rows.length > 0
        ? 'Per cent of the rounds with a draft in which at least so many draft tokens were kept. Tokens a round count the target’s own.'
        : 'Not drawn: no strategy drafted anything.',
    legend: [],
    table: {
      caption: `${title}, per cent`,
      head: ['strategy', ...places.map((place) => String(place + 1))],
      rows: rows.map(({ name, shares }) => [name, ...places.map((place) => ((shares[place] ?? 0) * 100).toFixed(0))]),
    },
    draw:
      rows.length === 0
        ? null
        : (options) =>
            frame(
              options,
              { title, alternative },
              {
                height: rows.length * rowHeight + 48,
                x: {
                  domain: places.map((place) => place + 1),
                  label: 'position in the draft',
                  tickSize: 0,
                  labelAnchor: 'center',
                  labelArrow: 'none',
                },
                y: { domain: rows.map(({ name }) => name), axis: null, type: 'band' },
                marks: [
                  cell(cells, {
                    x: 'place',
                    y: 'name',
                    fill: colours.verify,
                    fillOpacity: ({ share }) => 0.05 + 0.45 * share,
                    insetTop: 21,
                    insetBottom: 2,
                    inset: 1,
                  }),
                  text(cells, { x: 'place', y: 'name', text: ({ share }) => (share * 100).toFixed(0), dy: 10 }),
                  ...rowLabels(rows),
                ],
              },
            ),
  }
}
