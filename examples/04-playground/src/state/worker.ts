import { type Remote, wrap } from 'comlink'
import type { Playground } from '../protocol'

const thread = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name: 'engine' })

/** The worker that holds the engine. */
export const worker: Remote<Playground> = wrap<Playground>(thread)

/** Settles with what is wrong when the worker breaks: one that cannot start never answers. */
export const broken: Promise<string> = new Promise((resolve) => {
  thread.addEventListener('error', ({ message }) => resolve(message || 'The script of its worker could not be loaded.'))
})
