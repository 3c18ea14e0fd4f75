import { barX } from '@observablehq/plot'
import type { CompareReport } from '@outrider/core'
import { figure, listed } from '../number-words'
import type { Chart } from './chart'
import { colours, frame, rowHeight, rowLabels } from './frame'

const phases = ['draft', 'verify', 'host'] as const

/**
 * Where the milliseconds of a round go: drafting, verifying, and the rest on the host.
 *
 * @example
 * ```ts
 * import { chartFigure, roundTimeChart } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const show = (report: CompareReport): void =>
 *   document.body.append(chartFigure(document, roundTimeChart(report)))
 * ```
 */
export function roundTimeChart({ strategies }: Pick<CompareReport, 'strategies'>): Chart {
  const rows = strategies.flatMap(({ strategy: name, phasesMs }) => {
    if (!phasesMs) return []
    const parts = phases.map((phase) => ({ name, phase, ms: phasesMs[phase] }))
    return [{ name, parts, value: parts.map(({ ms }) => figure(ms)).join(' + ') }]
  })
  const title = 'Where a round’s time goes'
  const alternative = listed(
    rows.map(({ name, parts }) => `${name} ${parts.map(({ phase, ms }) => `${phase} ${figure(ms)} ms`).join(', ')}`),
  )
  return {
    id: 'round-time',
    title,
    alternative,
    note:
      rows.length > 0
        ? 'Milliseconds of one round: drafting on host and device, verifying by the device’s own clock, and the rest on the host. From generations of their own, since timing slows a little.'
        : 'Not drawn: no round was timed by the device’s own clock. The device may have none, or no prompt was set aside for it.',
    legend: phases.map((phase) => ({ label: phase, colour: colours[phase] })),
    table: {
      caption: `${title}, milliseconds`,
      head: ['strategy', ...phases, 'round'],
      rows: rows.map(({ name, parts }) => [
        name,
        ...parts.map(({ ms }) => figure(ms)),
        figure(parts.reduce((sum, { ms }) => sum + ms, 0)),
      ]),
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
                x: { label: 'milliseconds a round', grid: true, labelAnchor: 'center' },
                y: { domain: rows.map(({ name }) => name), axis: null, type: 'band' },
                marks: [
                  barX(
                    rows.flatMap(({ parts }) => parts),
                    {
                      x: 'ms',
                      y: 'name',
                      order: phases as unknown as string[],
                      z: 'phase',
                      fill: ({ phase }: { readonly phase: (typeof phases)[number] }) => colours[phase],
                      insetTop: 22,
                      insetBottom: 4,
                      insetRight: 1,
                      title: ({ phase, ms }: { readonly phase: string; readonly ms: number }) =>
                        `${phase} ${figure(ms)} ms`,
                    },
                  ),
                  ...rowLabels(rows),
                ],
              },
            ),
  }
}
