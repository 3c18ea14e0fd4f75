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
import { fastestArithmetic, lacks } from './arithmetic'
import { describe, type OpenDevice } from './device'
import { DeviceTensor, deviceBuffer, Memory } from './memory'
import { recordOps } from './ops'
import type { Waits } from './patience'
import { Pipelines } from './pipelines'
import { WebGpuProgram } from './programs'
import { Queue } from './queue'
import { Recorder } from './recorder'
import type { TunePlace, Tuner, Tuning } from './tune/tuner'
import { uploadWeight } from './weights/pack'
import { packedWeight } from './weights/packed-weight'

/** What a backend is told beside its device. */
export interface BackendOptions {
  readonly cacheType?: BackendInfo['cacheType']
  readonly arithmetic?: Arithmetic | 'fastest'
  readonly tune?: Tuning
  /** How the thread spends its waits; absent: the runtime knows how. */
  readonly waits?: Waits
}

/** The backend on one WebGPU device. */
export class WebGpuBackend implements Backend {
  readonly info: BackendInfo
  readonly lost: Promise<DeviceLoss>
  readonly #open: OpenDevice
  readonly #memory: Memory
  readonly #pipelines: Pipelines
  readonly #queue: Queue
  readonly #tuner: Tuner | undefined
  #live = true

  /** Takes over the device. Throws `DEVICE_LACKS`. */
  constructor(open: OpenDevice, options: BackendOptions = {}) {
    const { cacheType = 'f16' } = options
    const { adapter, device, facts } = open
    const { arithmetic: wanted = 'f32' } = options
    const arithmetic = wanted === 'fastest' ? fastestArithmetic(facts) : wanted
    const lack = lacks[arithmetic](facts)
    if (lack) {
      device.destroy()
      throw new OutriderError(
        'DEVICE_LACKS',
        `the arithmetic ${arithmetic} needs ${lack}, which this device lacks: take arithmetic 'f32'`,
      )
    }
    this.#open = open
    this.#memory = new Memory(device)
    this.#pipelines = new Pipelines(device, facts)
    this.#queue = new Queue(open, this.#memory, options.waits)
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
    this.#tuner = options.tune?.start(this.#tunePlace())
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
    const weight = await uploadWeight(this.#memory, source, label)
    try {
      await this.#tuner?.tune(packedWeight(this.#memory, weight))
      return weight
    } catch (error) {
      weight.dispose()
      throw error
    }
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
    return this.#record(label, (recorder) => record(recordOps(recorder)))
  }

  #record(label: string, record: (recorder: Recorder) => void): WebGpuProgram {
    const { facts } = this.#open
    const recorder = new Recorder(facts, this.#memory, this.#pipelines, this.info.arithmetic, this.#tuner?.book)
    try {
      record(recorder)
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

  #tunePlace(): TunePlace {
    const { info } = this
    return {
      device: info.device,
      facts: this.#open.facts,
      memory: this.#memory,
      arithmetic: info.arithmetic,
      record: (label, body) => this.#record(label, body),
      time: async (program) => {
        const timings: number[] = []
        const from = performance.now()
        const end = new DeviceTensor(this.#memory, [1], 'u32', 'tuning end')
        try {
          await this.submit([program], [end], timings)
        } finally {
          end.dispose()
        }
        return timings[0] ?? performance.now() - from
      },
      run: async (program, read) => (await this.submit([program], [read]))[0] as ArrayBuffer,
      now: () => performance.now(),
    }
  }

  #alive(): void {
    if (!this.#live) throw new OutriderError('DISPOSED', 'the backend was disposed of; make a new one')
  }
}
