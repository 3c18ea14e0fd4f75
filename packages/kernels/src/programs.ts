import { OutriderError } from '@outrider/core'
import type { Program } from '@outrider/core/spec'
import { DeviceBuffer, type Memory, usage } from './memory'
import type { Recorder, Step } from './recorder'

interface Command {
  readonly step: Step
  readonly group: GPUBindGroup
}

/** Recorded dispatches: pipelines, bind groups and parameters are made once and encoded again for every run. */
export class WebGpuProgram implements Program {
  readonly dispatches: number
  /** Whether every pipeline has been compiled. */
  ready = false
  readonly #memory: Memory
  readonly #commands: readonly Command[]
  readonly #buffers: ReadonlySet<DeviceBuffer>
  readonly #owned: readonly DeviceBuffer[]
  #checkedDisposals: number
  #live = true

  /** Takes over what `recorder` holds. */
  constructor(
    readonly label: string,
    recorder: Recorder,
  ) {
    this.#memory = recorder.memory
    this.#checkedDisposals = this.#memory.disposals
    const { steps } = recorder // settles what was left open
    this.dispatches = steps.length
    const params = recorder.params.length > 0 ? this.#parameters(recorder.params) : null
    this.#owned = params ? [...recorder.owned, params] : recorder.owned
    this.#commands = steps.map((step) => ({ step, group: this.#group(step, params) }))
    this.#buffers = new Set(steps.flatMap(({ buffers }) => buffers))
  }

  get live(): boolean {
    return this.#live
  }

  /** Waits for the pipelines. Throws `KERNEL_INVALID`. */
  async compile(): Promise<void> {
    await Promise.all(this.#commands.map(({ step }) => step.pipeline.ready))
    this.ready = true
  }

  /** Throws `DISPOSED` where the program or a buffer of it is gone. */
  check(memory: Memory): void {
    if (this.#memory !== memory)
      throw new OutriderError('SHAPE_MISMATCH', `program ${this.label} belongs to another backend`)
    if (!this.#live) throw new OutriderError('DISPOSED', `program ${this.label} was disposed of; record it again`)
    if (this.#checkedDisposals === memory.disposals) return
    for (const buffer of this.#buffers) buffer.gpu // throws for one that is gone
    this.#checkedDisposals = memory.disposals
  }

  encode(pass: GPUComputePassEncoder): void {
    for (const { step, group } of this.#commands) {
      pass.setPipeline(step.pipeline.compiled as GPUComputePipeline)
      pass.setBindGroup(0, group)
      pass.dispatchWorkgroups(...step.workgroups)
    }
  }

  dispose(): void {
    this.#live = false
    for (const buffer of this.#owned) buffer.dispose()
  }

  #parameters(words: readonly number[]): DeviceBuffer {
    const buffer = new DeviceBuffer(
      this.#memory,
      `${this.label} parameters`,
      words.length * 4,
      usage.uniform | usage.copyTarget,
    )
    this.#memory.write(buffer, Uint32Array.from(words), 0)
    return buffer
  }

  #group({ label, pipeline, buffers, params }: Step, parameters: DeviceBuffer | null): GPUBindGroup {
    const uniform = params && parameters && { buffer: parameters.gpu, offset: params.at * 4, size: params.words * 4 }
    const resources: GPUBufferBinding[] = buffers.map(({ gpu }) => ({ buffer: gpu }))
    if (uniform) resources.unshift(uniform)
    const entries = resources.map((resource, binding) => ({ binding, resource }))
    return this.#memory.device.createBindGroup({ label, layout: pipeline.layout, entries })
  }
}
