import type { LoadProgress } from '@outrider/core'
import { expose } from 'comlink'
import type { Playground } from '../protocol'
import { runComparison } from './comparison'
import { EngineHost } from './engine-host'
import { answered } from './failure'
import { Runs } from './runs'

const host = new EngineHost()
const runs = new Runs(host)
let running: AbortController | null = null
let ended: Promise<void> = Promise.resolve()

/** Runs one thing at a time: whatever ran before is called off, and waited for. */
async function alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  running?.abort()
  const own = new AbortController()
  running = own
  const result = ended.then(() => work(own.signal))
  ended = result.then(ignore, ignore)
  try {
    return await result
  } finally {
    if (running === own) running = null
  }
}

function ignore(): void {}

/** Progress as often as a person can read it, and the last of every item. */
function seldom(tell: (progress: LoadProgress) => void): (progress: LoadProgress) => void {
  let last = 0
  return (progress) => {
    const now = performance.now()
    if (now - last < 100 && progress.doneBytes < progress.totalBytes) return
    last = now
    tell(progress)
  }
}

const playground: Playground = {
  open: (request, onProgress) =>
    alone((signal) => answered(() => host.open(request, { signal, onProgress: seldom(onProgress) }))),
  stop: () => running?.abort(),
  run: (request, onUpdate) => alone((signal) => runs.run(request, signal, onUpdate)),
  resume: (onUpdate, onOpened, onProgress) =>
    alone((signal) => runs.resume(signal, { onUpdate, onOpened, onProgress: seldom(onProgress) })),
  compare: (request, onProgress) =>
    alone((signal) => answered(() => runComparison(host, request, { signal, onProgress }))),
  work: () => host.work,
  lost: async () => (await host.backend.lost).message,
}

expose(playground)
