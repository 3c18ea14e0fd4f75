import type { CompareReport } from '@outrider/core'
import { renderReport } from '@outrider/report'

/** A comparison as files: JSON as it is, and the report that stands for itself. */
export function Downloads({ report, measured, link }: { report: CompareReport; measured: string; link: string }) {
  const facts = {
    measured,
    repeat: link,
    machine: [
      { name: 'Browser', value: navigator.userAgent },
      { name: 'Processor', value: `${navigator.hardwareConcurrency} threads` },
    ],
    versions: [],
  }
  return (
    <p class="row downloads">
      <button
        type="button"
        id="download-json"
        onClick={() => save('comparison.json', 'application/json', JSON.stringify({ ...report, facts }))}
      >
        Download JSON
      </button>
      <button
        type="button"
        id="download-html"
        onClick={() => save('comparison.html', 'text/html', renderReport(report, facts))}
      >
        Download report (HTML)
      </button>
    </p>
  )
}

function save(name: string, type: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  // The browser has taken what it needs by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
