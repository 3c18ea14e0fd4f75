import { dot, ruleX, ruleY } from '@observablehq/plot'
import type { CompareReport } from '@outrider/core'
import { listed, ratio } from '../number-words'
import type { Chart } from './chart'
import { below, colours, frame, rowHeight, rowLabels } from './frame'

/**
 * Times plain decoding's speed of each baseline and strategy: the geometric mean over prompts, their middle half, and every prompt.
 *
 * @example
 * ```ts
 * import { chartFigure, speedUpChart } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const show = (report: CompareReport): void =>
 *   document.body.append(chartFigure(document, speedUpChart(report)))
 * ```
 */
export function speedUpChart({ strategies, baselines = [] }: Pick<CompareReport, 'strategies' | 'baselines'>): Chart {
  const named = [...baselines, ...strategies.map((row) => ({ ...row, name: row.strategy }))]
  const rows = named.flatMap(({ name, speedUp, prompts }) =>
    speedUp ? [{ name, value: ratio(speedUp), prompts: prompts.map((prompt) => prompt.speedUp), ...speedUp }] : [],
  )
  const title = 'Times plain decoding’s speed'
  const alternative = listed(rows.map(({ name, value }) => `${name} ${value}`))
  const dots = rows.flatMap(({ name, prompts }) =>
    prompts.flatMap((value) => (value === null ? [] : [{ name, value }])),
  )
  const most = Math.max(1.2, ...rows.map(({ high }) => high), ...dots.map(({ value }) => value))
  const colour = ({ slower }: { readonly slower: boolean }) => (slower ? colours.slower : colours.faster)
  return {
    id: 'speed-up',
    title,
    alternative,
    note:
      rows.length > 0
        ? 'The dot is the geometric mean over prompts, the bar their middle half, small dots are single prompts. Left of the line at 1 is slower than plain decoding.'
        : 'Not drawn: nothing beside plain decoding has a speed.',
    legend: [],
    table: {
      caption: title,
      head: ['strategy', 'geometric mean', 'first quartile', 'third quartile'],
      rows: rows.map(({ name, value, low, high }) => [name, value, low.toFixed(2), high.toFixed(2)]),
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
                  domain: [0, most * 1.03],
                  label: 'times plain decoding’s speed',
                  grid: true,
                  labelAnchor: 'center',
                },
                y: { domain: rows.map(({ name }) => name), axis: null, type: 'band' },
                marks: [
                  ruleX([1], { strokeWidth: 1.5 }),
                  dot(dots, { x: 'value', y: 'name', r: 2, fill: 'currentColor', fillOpacity: 0.35, dy: below }),
                  ruleY(rows, {
                    x1: 'low',
                    x2: 'high',
                    y: 'name',
                    stroke: colour,
                    strokeWidth: 7,
                    strokeOpacity: 0.5,
                    dy: below,
                  }),
                  dot(rows, {
                    x: 'geomean',
                    y: 'name',
                    r: 5.5,
                    fill: colour,
                    stroke: colours.paper,
                    dy: below,
                    title: 'value',
                  }),
                  ...rowLabels(rows),
                ],
              },
            ),
  }
}
