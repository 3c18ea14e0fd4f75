import type { Backend } from '@outrider/core'
import { OutriderError } from '@outrider/core'
import { webgpu } from '@outrider/kernels'

/** A backend, and why it is not WebGPU; null where it is. */
export interface OpenBackend {
  readonly backend: Backend
  readonly whyNot: string | null
}

/** WebGPU where the browser has it, else the reference backend: plain loops, right but slow. */
export async function openBackend(): Promise<OpenBackend> {
  try {
    return { backend: await webgpu(), whyNot: null }
  } catch (error) {
    const missing = OutriderError.is(error, 'ADAPTER_MISSING') || OutriderError.is(error, 'DEVICE_LACKS')
    if (!missing) throw error
    const { referenceBackend } = await import('@outrider/core/reference')
    return { backend: listening(referenceBackend()), whyNot: error.message }
  }
}

/** Plain loops hold the worker: between submissions it hears what the page says. */
function listening(backend: Backend): Backend {
  const { port1, port2 } = new MessageChannel()
  const heard = () =>
    new Promise<void>((resolve) => {
      port1.onmessage = () => resolve()
      port2.postMessage(null)
    })
  let last = Promise.resolve()
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === 'submit')
        return async (...work: Parameters<Backend['submit']>) => {
          // One at a time: submissions are answered in the order in which they come.
          last = last.then(heard)
          await last
          return target.submit(...work)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
