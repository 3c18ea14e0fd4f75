import {
  type Backend,
  type Completion,
  collect,
  createEngine,
  type Engine,
  type GenerateOptions,
  type GenerationCheckpoint,
  type OutriderError,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { type WebGpuOptions, webgpu } from '@outrider/kernels'
import { backendFaults } from './conformance'
import { destroyDevice, deviceLost, rememberDevices } from './devices'
import { strategies } from './strategies'

/** What an engine in the browser is made of. */
export interface OpenRequest {
  readonly backend: WebGpuOptions | 'reference'
  /** URL of the target, and of the folder that holds its heads; null: no strategies. */
  readonly model: string
  readonly heads: string | null
  readonly capacity: number
  readonly maxRows?: number
  readonly selfCheck?: boolean
  /** null: nothing is kept, and weights are fetched by ranges. */
  readonly cacheDir?: null
}

/** What can be said of an engine outside the browser. */
export interface Opened {
  readonly exact: boolean
  readonly strategies: readonly string[]
  readonly device: string
  readonly arithmetic: string
  readonly features: readonly string[]
}

/** A generation that lost its device. */
export interface Interrupted {
  /** What came before. */
  readonly text: string
  readonly code: string
  readonly message: string
  /** JSON. */
  readonly checkpoint: string
}

interface Held {
  readonly engine: Engine
  readonly backend: Backend
}

rememberDevices()
let held: Held | undefined
let waiting = false

function engine(): Engine {
  if (!held) throw new Error('no engine is open')
  return held.engine
}

/** What tests may ask of a thread of the browser; arguments and results are structured clones. */
export const commands = {
  open: async (request: OpenRequest): Promise<Opened> => {
    const { backend: options, model, heads, cacheDir, ...limits } = request
    const backend = options === 'reference' ? referenceBackend() : await webgpu(options)
    const load = cacheDir === null ? { cacheDir } : {}
    const opened = await createEngine({ backend, model, load, strategies: heads ? strategies(heads) : [], ...limits })
    held = { engine: opened, backend }
    const { device, arithmetic, features } = backend.info
    return { exact: opened.exact, strategies: opened.strategies, device, arithmetic, features: [...features] }
  },
  complete: async (prompt: string | readonly number[], options: GenerateOptions): Promise<Completion> =>
    engine().complete(prompt, options),
  /** Generates `tokens` tokens and loses the device then: destroys it, or waits until somebody else has taken it away. */
  generateUntilLost: async (
    prompt: string,
    options: GenerateOptions,
    tokens: number,
    how: 'destroy' | 'wait',
  ): Promise<Interrupted> => {
    let text = ''
    let count = 0
    try {
      for await (const part of engine().generate(prompt, options)) {
        text += part.text
        count += part.tokens.length
        if (count < tokens) continue
        if (how === 'destroy') destroyDevice()
        waiting = true
        await deviceLost()
      }
    } catch (error) {
      const { code, message, details } = error as OutriderError
      return { text, code, message, checkpoint: JSON.stringify(details?.checkpoint) }
    } finally {
      waiting = false
    }
    throw new Error('the text ended although the device was lost')
  },
  /** Whether a generation waits for its device to be taken away. */
  waiting: async (): Promise<boolean> => waiting,
  resume: async (checkpoint: string): Promise<Completion> =>
    collect(engine().resume(JSON.parse(checkpoint) as GenerationCheckpoint)),
  backendFaults,
  /** Frees the engine, and gives the bytes of its backend that are left. */
  close: async (): Promise<number> => {
    if (!held) throw new Error('no engine is open')
    const { engine, backend } = held
    held = undefined
    await engine.dispose()
    const { liveBytes } = backend.stats
    backend.dispose()
    return liveBytes
  },
}

/** What tests may ask of a thread of the browser. */
export type Commands = typeof commands
