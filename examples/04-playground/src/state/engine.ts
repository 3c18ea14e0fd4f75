import type { LoadProgress } from '@outrider/core'
import { type Signal, signal } from '@preact/signals'
import { proxy } from 'comlink'
import type { Failure, ModelChoice, Opened } from '../protocol'
import { broken, worker } from './worker'

/** What is loaded, or how far loading is. */
export type EngineState =
  /** `folder`: what has to be picked from disk first. */
  | { readonly kind: 'empty'; readonly folder: string | null }
  | { readonly kind: 'loading'; readonly progress: LoadProgress | null }
  | { readonly kind: 'ready'; readonly opened: Opened }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The device went away. */
  | { readonly kind: 'lost'; readonly message: string; readonly opened: Opened }

/** The state of the engine. */
export const engine: Signal<EngineState> = signal({ kind: 'empty', folder: null })

/** Bytes on the device, as last heard. */
export const liveBytes: Signal<number> = signal(0)

/** What was opened last: a device that is lost is opened again. */
let last: ModelChoice = { kind: 'embedded' }

/** Loads the model of the settings; a folder that was picked in another visit has to be picked again. */
export async function loadNamed(model: string): Promise<void> {
  if (model.startsWith('folder:')) engine.value = { kind: 'empty', folder: model.slice('folder:'.length) }
  else await load(model === '' ? { kind: 'embedded' } : { kind: 'location', location: model })
}

/** Opens a device and loads a model. */
export async function load(model: ModelChoice): Promise<void> {
  last = model
  engine.value = { kind: 'loading', progress: null }
  const onProgress = proxy((progress: LoadProgress) => {
    if (last === model) progressed(progress)
  })
  const stuck = broken.then((message) => ({ failure: { code: null, message } }))
  const answer = await Promise.race([stuck, worker.open({ model, pageUrl: document.baseURI }, onProgress)])
  // Another model was asked for meanwhile.
  if (last !== model) return
  if ('failure' in answer) engine.value = { kind: 'failed', failure: answer.failure }
  else await opened(answer.value)
}

/** Tells how far loading is. */
export function progressed(progress: LoadProgress): void {
  if (engine.value.kind === 'loading') engine.value = { kind: 'loading', progress }
}

/** Opens again what was open. */
export function loadAgain(): Promise<void> {
  return load(last)
}

/** Tells of a device that is open now, and watches it. */
export async function opened(facts: Opened): Promise<void> {
  engine.value = { kind: 'ready', opened: facts }
  liveBytes.value = (await worker.work()).liveBytes
  void worker.lost().then((message) => {
    const { value } = engine
    if (value.kind === 'ready' && value.opened === facts) engine.value = { kind: 'lost', message, opened: facts }
  })
}

/** Whether something can be generated. */
export function ready(): Opened | null {
  return engine.value.kind === 'ready' ? engine.value.opened : null
}
