import type { CompareReport } from '@outrider/core'
import { chartFigure, chartStyles, equalityVerdict, reportCharts, speedVerdict } from '@outrider/report'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Downloads } from './downloads'

interface CompareReportProps {
  readonly report: CompareReport
  /** When, ISO 8601. */
  readonly measured: string
  /** What repeats it. */
  readonly link: string
}

/** A comparison in words and charts. */
export default function CompareReportView({ report, measured, link }: CompareReportProps) {
  const charts = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    charts.current?.replaceChildren(...reportCharts(report).map((chart) => chartFigure(document, chart)))
  }, [report])
  const same = report.strategies.every(({ identical, failed }) => identical && !failed)
  return (
    <>
      <style>{chartStyles}</style>
      <div role="status">
        <h2 id="speed-verdict">{speedVerdict(report)}</h2>
        {report.environment.software && <p class="hint">Measured on a software device: no measure of speed.</p>}
        <div class={`verdict ${same ? 'same' : 'other'}`} id="equality">
          {equalityVerdict(report).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      </div>
      <Downloads report={report} measured={measured} link={link} />
      <div class="charts" ref={charts} />
    </>
  )
}
