import { lazy, Suspense } from 'preact/compat'
import { comparison } from '../state/comparison'

/** Charts come with the first result: most of the code of this page is theirs. */
const CompareReportView = lazy(() => import('./compare-report-view'))

/** How far a comparison is, and what it found. */
export function CompareResults() {
  const { value } = comparison
  return (
    <section class="results" aria-label="Results" data-state={value.kind} id="results">
      {value.kind === 'none' && (
        <p class="empty">
          Every strategy decodes every prompt, in turns, after a warm-up. What is compared is speed: the text has to be
          the same, and the verdict says whether it was.
        </p>
      )}
      {value.kind === 'running' && <Progress {...value} />}
      {value.kind === 'failed' && (
        <p class="ending" role="status">
          {value.failure.code === 'ABORTED' ? 'Cancelled.' : `${value.failure.code ?? ''} ${value.failure.message}`}
        </p>
      )}
      {value.kind === 'done' && (
        <Suspense fallback={<p>Drawing …</p>}>
          <CompareReportView {...value} />
        </Suspense>
      )}
    </section>
  )
}

function Progress({ done, total, strategy }: { done: number; total: number; strategy: string | null }) {
  return (
    <div class="progress">
      <label for="compare-progress">
        {total === 0
          ? 'Warming up: programs are compiled …'
          : `${done} of ${total} runs; the last one with ${strategy}`}
      </label>
      <progress id="compare-progress" {...(total > 0 && { value: done, max: total })} />
    </div>
  )
}
