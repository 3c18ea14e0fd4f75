import { engine, loadAgain } from '../state/engine'
import { resume, run } from '../state/run'
import { LoadingNotice } from './loading-notice'

/** What a person has to know before anything else: no adapter, loading, a lost device, a failure. */
export function Notices() {
  const { value } = engine
  return (
    <div class="notices" aria-live="polite">
      {value.kind === 'loading' && <LoadingNotice progress={value.progress} />}
      {value.kind === 'failed' && (
        <section class="notice fault">
          <h2>The model could not be loaded</h2>
          <p>
            {value.failure.message} {value.failure.code !== null && <code>{value.failure.code}</code>}
          </p>
          <button type="button" onClick={() => void loadAgain()}>
            Try again
          </button>
        </section>
      )}
      {value.kind === 'ready' && value.opened.whyNot !== null && <NoAdapter why={value.opened.whyNot} />}
      <Lost />
    </div>
  )
}

function NoAdapter({ why }: { why: string }) {
  return (
    <section class="notice" id="no-adapter">
      <h2>No GPU for this page: plain loops on the processor compute instead</h2>
      <p>
        The browser says: {why}. Texts are the same, only slow. For your GPU use a current Chrome, Edge, Firefox or
        Safari over https or on localhost, with hardware acceleration switched on, and look at <code>chrome://gpu</code>{' '}
        for what keeps it off.
      </p>
    </section>
  )
}

function Lost() {
  const { end } = run.value
  const lost = end?.kind === 'lost' ? end : null
  if (engine.value.kind !== 'lost' && !lost) return null
  return (
    <section class="notice fault" id="device-lost">
      <h2>The GPU device went away</h2>
      {lost?.resumable ? (
        <>
          <p>
            Its driver or process ended, or the machine slept. Nothing of the text is lost: on a new device the model is
            loaded again, what was generated is decoded again in a few passes, and the text goes on with the very tokens
            it would have had.
          </p>
          <button type="button" class="primary" id="resume" onClick={() => void resume()}>
            Resume
          </button>
        </>
      ) : (
        <>
          <p>Its driver or process ended, or the machine slept. Nothing was being generated.</p>
          <button type="button" class="primary" onClick={() => void loadAgain()}>
            Open it again
          </button>
        </>
      )}
    </section>
  )
}
