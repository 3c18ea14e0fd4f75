import { type Backend, createEngine, type Engine } from '@outrider/core'
import { GeneratedModel } from '../generated-model'
import { peakHostBytes, resetPeak } from '../host-memory'
import { modelShapes } from '../model-shapes'
import type { Line } from '../output'
import type { GeneratedFormat } from '../random-weights'

/** A generated model on a device. */
export interface OpenModel {
  readonly made: GeneratedModel
  readonly engine: Engine
  /** What loading took. */
  readonly loading: Line
}

/** The model of that name, or an error that names those that exist. */
export function generatedModel(name: string, format: GeneratedFormat): GeneratedModel {
  const shape = modelShapes[name]
  if (!shape) throw new Error(`--models ${name}: choose of ${Object.keys(modelShapes).join(', ')}`)
  return new GeneratedModel(`${name}-${format}`, shape, format)
}

/** Loads a generated model through the engine's own loader. */
export async function openModel(
  backend: Backend,
  made: GeneratedModel,
  options: Pick<Parameters<typeof createEngine>[0], 'capacity' | 'maxRows' | 'strategies'>,
): Promise<OpenModel> {
  resetPeak()
  const hostBytesBefore = process.memoryUsage().rss
  const from = performance.now()
  const { url: model, load } = made
  const engine = await createEngine({ backend, model, load, selfCheck: false, ...options })
  const seconds = (performance.now() - from) / 1000
  const loading = {
    what: 'loading',
    seconds,
    weightBytes: made.weightBytes,
    bytesPerSecond: made.weightBytes / seconds,
    hostBytesBefore,
    peakHostBytes: peakHostBytes(),
    hostBytesAfter: process.memoryUsage().rss,
    deviceBytes: backend.stats.liveBytes,
    peakDeviceBytes: backend.stats.peakBytes,
  }
  return { made, engine, loading }
}
