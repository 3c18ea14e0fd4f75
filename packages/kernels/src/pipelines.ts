import { OutriderError } from '@outrider/core'
import type { DeviceFacts } from './device'
import type { Variant } from './shader'

/** How a dispatch uses a buffer. */
export type Access = 'read' | 'read_write'

/** A pipeline that compiles in the background from the moment it is asked for. */
export interface Pipeline {
  readonly label: string
  readonly layout: GPUBindGroupLayout
  /** Resolves when `compiled` is set. Rejects with `KERNEL_INVALID`. */
  readonly ready: Promise<void>
  compiled: GPUComputePipeline | undefined
}

/** Compute pipelines by their WGSL, a text or a variant of a shader: with equal bindings it compiles once. */
export class Pipelines {
  readonly #pipelines = new Map<string | object, Map<string, Pipeline>>()
  readonly #layouts = new Map<string, GPUBindGroupLayout>()

  constructor(
    readonly device: GPUDevice,
    private readonly facts: DeviceFacts,
  ) {}

  /** The pipeline of a module with the entry point `main`; binding 0 is a uniform where `uniform`, then the buffers. */
  get(label: string, wgsl: string | Variant, uniform: boolean, access: readonly Access[]): Pipeline {
    const signature = signatureOf(uniform, access)
    const [source, key] = typeof wgsl === 'string' ? [wgsl, signature] : [wgsl.shader, signature + wgsl.key]
    const siblings = this.#pipelines.get(source) ?? new Map<string, Pipeline>()
    const known = siblings.get(key)
    if (known) return known
    const layout = this.#layout(signature)
    const code = typeof wgsl === 'string' ? wgsl : wgsl.text(this.facts)
    const pipeline: Pipeline = {
      label,
      layout,
      ready: this.#compile(label, code, layout, () => pipeline),
      compiled: undefined,
    }
    pipeline.ready.catch(() => {})
    this.#pipelines.set(source, siblings.set(key, pipeline))
    return pipeline
  }

  #layout(signature: string): GPUBindGroupLayout {
    const known = this.#layouts.get(signature)
    if (known) return known
    const types = { u: 'uniform', r: 'read-only-storage', w: 'storage' } as const
    const entries = [...signature].map((use, binding) => ({
      binding,
      visibility: 0x4, // COMPUTE
      buffer: { type: types[use as keyof typeof types] },
    }))
    const layout = this.device.createBindGroupLayout({ label: signature, entries })
    this.#layouts.set(signature, layout)
    return layout
  }

  async #compile(label: string, code: string, layout: GPUBindGroupLayout, entry: () => Pipeline): Promise<void> {
    const { device } = this
    // The message of a faulty module arrives twice: here, where it is dropped, and as the pipeline's own error.
    device.pushErrorScope('validation')
    const module = device.createShaderModule({ label, code })
    device.popErrorScope().catch(() => {})
    try {
      const pipelineLayout = device.createPipelineLayout({ label, bindGroupLayouts: [layout] })
      const compiled = await device.createComputePipelineAsync({
        label,
        layout: pipelineLayout,
        compute: { module, entryPoint: 'main' },
      })
      entry().compiled = compiled
    } catch (cause) {
      throw await invalid(label, module, cause)
    }
  }
}

/** A letter for each binding: u for the uniform, r and w for buffers. */
function signatureOf(uniform: boolean, access: readonly Access[]): string {
  let signature = uniform ? 'u' : ''
  for (const use of access) signature += use === 'read' ? 'r' : 'w'
  return signature
}

async function invalid(label: string, module: GPUShaderModule, cause: unknown): Promise<OutriderError> {
  const info = await module.getCompilationInfo().catch(() => ({ messages: [] }))
  const messages = [...info.messages]
    .filter(({ type }) => type === 'error')
    .map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}`)
  const reason = messages.join('; ') || (cause instanceof Error ? cause.message : String(cause))
  return new OutriderError('KERNEL_INVALID', `the shader of ${label} does not compile: ${reason}`, {
    details: { label, messages },
    cause,
  })
}
