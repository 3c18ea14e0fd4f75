import { type Remote, wrap } from 'comlink'
import type { Playground } from '../protocol'

/** The worker that holds the engine. */
export const worker: Remote<Playground> = wrap<Playground>(
  new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name: 'engine' }),
)
