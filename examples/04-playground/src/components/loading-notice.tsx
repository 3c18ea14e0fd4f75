import type { LoadProgress } from '@outrider/core'
import { worker } from '../state/worker'
import { bytesInWords } from './bytes'

/** How far loading is, in bytes, and the way out. */
export function LoadingNotice({ progress }: { progress: LoadProgress | null }) {
  return (
    <section class="notice" id="loading" aria-live="off">
      <p>
        <label for="loading-progress">{words(progress)}</label>
      </p>
      <div class="row">
        <progress
          id="loading-progress"
          {...(progress && progress.totalBytes > 0 && { value: progress.doneBytes, max: progress.totalBytes })}
        />
        <button type="button" onClick={() => void worker.stop()}>
          Cancel
        </button>
      </div>
    </section>
  )
}

function words(progress: LoadProgress | null): string {
  if (!progress) return 'Opening the device …'
  const { item, stage, doneBytes, totalBytes } = progress
  const of = `${bytesInWords(doneBytes)} of ${bytesInWords(totalBytes)}`
  return stage === 'download' ? `Downloading ${item}: ${of}` : `Laying weights on the device: ${of}`
}
