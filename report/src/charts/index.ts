import type { CompareReport } from '@outrider/core'
import { acceptanceChart } from './acceptance'
import type { Chart } from './chart'
import { roundTimeChart } from './round-time'
import { speedUpChart } from './speed-up'
import { verifyCostChart } from './verify-cost'

/**
 * All charts of a comparison, in the order in which a report shows them.
 *
 * @example
 * ```ts
 * import { reportCharts } from '@outrider/report'
 * import type { CompareReport } from '@outrider/core'
 *
 * export const titles = (report: CompareReport): readonly string[] => reportCharts(report).map(({ title }) => title)
 * ```
 */
export function reportCharts(report: CompareReport): readonly Chart[] {
  return [speedUpChart(report), acceptanceChart(report), verifyCostChart(report), roundTimeChart(report)]
}
