import { OutriderError } from '@outrider/core'
import type {
  Arithmetic,
  Backend,
  BackendInfo,
  BackendStats,
  DeviceLoss,
  DType,
  Ops,
  Program,
  Shape,
  Tensor,
  Weight,
  WeightSource,
} from '@outrider/core/spec'
import { type DeviceFacts, describe, type OpenDevice } from './device'
import { halfMatrix, hasMatrix } from './matrices'
import { DeviceTensor, deviceBuffer, Memory } from './memory'
import { recordOps } from './ops'
import { Pipelines } from './pipelines'
import { WebGpuProgram } from './programs'
import { Queue } from './queue'
import { Recorder } from './recorder'
import { uploadWeight } from './weights/pack'

/** What a backend is told beside its device. */
export interface BackendOptions {
  readonly cacheType?: BackendInfo['cacheType']
  readonly arithmetic?: Arithmetic
}

/** What an arithmetic needs and a device lacks. */
const lacks: Readonly<Record<Arithmetic, (facts: DeviceFacts) => string | false>> = {
  f32: () => false,
  i8: ({ packedDot }) => !packedDot && "WGSL's packed_4x8_integer_dot_product, which this runtime lacks",
  f16: ({ matrices }) =>
    !hasMatrix(matrices, halfMatrix) &&
    'subgroup matrices of 16 by 16 halves with float32 sums in subgroups of 32 lanes (the features shader-f16, subgroups and chromium-experimental-subgroup-matrix), which this device or this runtime lacks',
}

/** The backend on one WebGPU device. */
export class WebGpuBackend implements Backend {
  readonly info: BackendInfo
  readonly lost: Promise<DeviceLoss>
  readonly #open: OpenDevice
  readonly #memory: Memory
  readonly #pipelines: Pipelines
  readonly #queue: Queue
  #live = true

  /** Takes over the device. Throws `DEVICE_LACKS`. */
  constructor(open: OpenDevice, { cacheType = 'f16', arithmetic = 'f32' }: BackendOptions = {}) {
    const { adapter, device, facts } = open
    const lack = lacks[arithmetic](facts)
    if (lack) {
      device.destroy()
      throw new OutriderError('DEVICE_LACKS', `the arithmetic ${arithmetic} needs ${lack}: take arithmetic 'f32'`)
    }
    this.#open = open
    this.#memory = new Memory(device)
    this.#pipelines = new Pipelines(device, facts)
    this.#queue = new Queue(open, this.#memory)
    this.lost = open.lost
    this.info = {
      name: 'webgpu',
      device: describe(adapter.info),
      arithmetic,
      features: [
        ...(facts.subgroups ? ['subgroups'] : []),
        ...(this.#queue.timestamps.there ? ['timestamp-query'] : []),
      ],
      maxTensorBytes: this.#memory.maxBytes,
      cacheType,
      software: facts.software,
    }
  }

  get stats(): BackendStats {
    return { liveBytes: this.#memory.liveBytes, peakBytes: this.#memory.peakBytes, ...this.#queue.counts }
  }

  tensor(shape: Shape, dtype: DType, label: string): Tensor {
    this.#alive()
    return new DeviceTensor(this.#memory, shape, dtype, label)
  }

  async weight(source: WeightSource, label: string): Promise<Weight> {
    this.#alive()
    return uploadWeight(this.#memory, source, label)
  }

  write(target: Tensor, data: Float32Array | Uint32Array | Uint16Array, offset = 0): void {
    this.#alive()
    const buffer = deviceBuffer(this.#memory, target)
    if (data.BYTES_PER_ELEMENT !== (target.dtype === 'f16' ? 2 : 4))
      throw new OutriderError(
        'SHAPE_MISMATCH',
        `${target.label} holds ${target.dtype}, not elements of ${data.BYTES_PER_ELEMENT} bytes`,
      )
    this.#queue.write(buffer, data, offset * data.BYTES_PER_ELEMENT)
  }

  program(label: string, record: (ops: Ops) => void): Program {
    this.#alive()
    const recorder = new Recorder(this.#open.facts, this.#memory, this.#pipelines, this.info.arithmetic)
    try {
      record(recordOps(recorder))
      return new WebGpuProgram(label, recorder)
    } catch (error) {
      for (const tensor of recorder.owned) tensor.dispose()
      throw error
    }
  }

  async submit(
    programs: readonly Program[],
    read: readonly Tensor[] = [],
    timings?: number[],
  ): Promise<readonly ArrayBuffer[]> {
    this.#alive()
    const work = programs.map((program) => {
      if (program instanceof WebGpuProgram) return program
      throw new OutriderError('SHAPE_MISMATCH', `program ${program.label} belongs to another backend`)
    })
    return this.#queue.submit(
      work,
      read.map((tensor) => deviceBuffer(this.#memory, tensor)),
      timings,
    )
  }

  dispose(): void {
    if (!this.#live) return
    this.#live = false
    this.#queue.dispose()
    this.#memory.disposeAll()
    this.#open.device.destroy()
  }

  #alive(): void {
    if (!this.#live) throw new OutriderError('DISPOSED', 'the backend was disposed of; make a new one')
  }
}
