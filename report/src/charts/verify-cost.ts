import { dot, line, text } from '@observablehq/plot'
import type { CompareReport } from '@outrider/core'
import { figure, listed } from '../number-words'
import type { Chart } from './chart'
import { colours, frame } from './frame'

/**
 * What a verify pass of m rows costs against one of one row, v(m), and where each strategy stands beside it: by the rows of its
 * mean pass and the tokens that a round gave.
 *
 * @example
 * ```ts
 * import { chartFigure, verifyCostChart } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const show = (report: CompareReport): void =>
 *   document.body.append(chartFigure(document, verifyCostChart(report)))
 * ```
 */
export function verifyCostChart({ cost, strategies }: Pick<CompareReport, 'cost' | 'strategies'>): Chart {
  const one = cost?.ms[0] ?? 0
  const curve = (cost?.rows ?? []).map((rows, i) => ({ rows, ms: cost?.ms[i] ?? 0, times: (cost?.ms[i] ?? 0) / one }))
  const standing = strategies
    .filter(({ evaluated }) => evaluated > 0)
    .map(({ strategy, rounds, evaluated, meanAcceptanceLength: tokens }, place) => {
      const rows = evaluated / rounds + 1
      const label = `${place + 1} ${strategy}: ${tokens.toFixed(2)} tokens for ${rows.toFixed(1)} rows`
      return { number: String(place + 1), label, rows, tokens }
    })
  const title = 'What verifying costs'
  const alternative = `A pass of one row takes ${figure(one)} ms; ${listed(curve.map(({ rows, times }) => `${rows} rows ${times.toFixed(2)}×`))}.`
  return {
    id: 'verify-cost',
    title,
    alternative,
    note: cost
      ? `v(m), the cost of a verify pass of m rows in passes of one row (${figure(one)} ms): a pass of a size between two costs what the larger one does. Diamonds are strategies, by the rows of their mean pass and their tokens a round: below the curve a draft cannot pay, above it it does where drafting costs less than the distance. Both scales double from line to line.`
      : 'Not drawn: the comparison did not measure it, as on a software device (pnpm compare --cost measures it there, too; in code, compare with cost: true).',
    legend: cost
      ? [
          { label: 'v(m), a pass of m rows', colour: colours.verify },
          ...standing.map(({ label }) => ({ label, colour: colours.draft })),
        ]
      : [],
    table: {
      caption: `${title}, by rows of the pass`,
      head: ['rows', 'milliseconds', 'times one row'],
      rows: curve.map(({ rows, ms, times }) => [String(rows), figure(ms), times.toFixed(2)]),
    },
    draw: cost
      ? (options) =>
          frame(
            options,
            { title, alternative },
            {
              height: 300,
              marginLeft: 34,
              x: {
                type: 'log',
                base: 2,
                domain: [1, Math.max(2, curve.at(-1)?.rows ?? 1)],
                ticks: curve.map(({ rows }) => rows),
                tickFormat: String,
                label: 'rows of the pass, m',
                labelAnchor: 'center',
              },
              y: {
                type: 'log',
                base: 2,
                domain: [1, Math.max(2, ...curve.map(({ times }) => times), ...standing.map(({ tokens }) => tokens))],
                tickFormat: '~r',
                label: 'times a pass of one row, and tokens a round',
                grid: true,
                clamp: true,
              },
              marginTop: 28,
              marks: [
                line(curve, { x: 'rows', y: 'times', curve: 'step-before', stroke: colours.verify, strokeWidth: 2 }),
                dot(curve, { x: 'rows', y: 'times', fill: colours.verify, r: 3.5 }),
                dot(standing, {
                  x: 'rows',
                  y: 'tokens',
                  symbol: 'diamond',
                  fill: colours.draft,
                  r: 4.5,
                  title: 'label',
                }),
                text(standing, {
                  x: 'rows',
                  y: 'tokens',
                  text: 'number',
                  dy: -12,
                  stroke: colours.paper,
                  strokeWidth: 3,
                  fill: 'currentColor',
                  fontWeight: 600,
                }),
              ],
            },
          )
      : null,
  }
}
