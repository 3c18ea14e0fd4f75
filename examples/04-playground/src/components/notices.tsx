import type { Failure } from '../protocol'
import { engine, loadAgain } from '../state/engine'
import { resumable, resume, run } from '../state/run'
import { LoadingNotice } from './loading-notice'

/** What a person has to know before anything else: no adapter, loading, a lost device, a failure. */
export function Notices() {
  const { value } = engine
  return (
    <div class="notices" aria-live="polite">
      {value.kind === 'empty' && value.folder !== null && (
        <section class="notice" id="pick-folder">
          <h2>This run was with the folder “{value.folder}” from a disk</h2>
          <p>Pick it under “Load another”: a link cannot hold it.</p>
        </section>
      )}
      {value.kind === 'loading' && <LoadingNotice progress={value.progress} />}
      {value.kind === 'failed' && <Failed failure={value.failure} />}
      {value.kind === 'ready' && value.opened.whyNot !== null && <NoAdapter why={value.opened.whyNot} />}
      {value.kind === 'lost' && run.value.state !== 'running' && <Lost />}
    </div>
  )
}

function Failed({ failure: { code, message } }: { failure: Failure }) {
  const cancelled = code === 'ABORTED'
  return (
    <section class={`notice ${cancelled ? '' : 'fault'}`} id="load-failed">
      <h2>{cancelled ? 'Loading was cancelled' : 'The model could not be loaded'}</h2>
      <p>
        {cancelled ? 'What was downloaded whole stays in the browser’s cache.' : message}{' '}
        {!cancelled && code !== null && <code>{code}</code>}
      </p>
      <button type="button" onClick={() => void loadAgain()}>
        Try again
      </button>
    </section>
  )
}

function NoAdapter({ why }: { why: string }) {
  return (
    <section class="notice" id="no-adapter">
      <h2>No GPU for this page: plain loops on the processor compute instead</h2>
      <p>
        Everything works and texts are the same, only slowly. For your GPU use a current Chrome, Edge, Firefox or Safari
        over https or on localhost, switch hardware acceleration on in its settings, and look at{' '}
        <code>chrome://gpu</code> for what keeps WebGPU off.
      </p>
      <details>
        <summary>What the browser said</summary>
        <p class="hint">{why}</p>
      </details>
    </section>
  )
}

function Lost() {
  return (
    <section class="notice fault" id="device-lost">
      <h2>The GPU device went away</h2>
      {resumable() ? (
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
          <p>Its driver or process ended, or the machine slept. The model has to be loaded again, on a new device.</p>
          <button type="button" class="primary" onClick={() => void loadAgain()}>
            Open it again
          </button>
        </>
      )}
    </section>
  )
}
