import { OutriderError } from '@outrider/core'
import type { OpenDevice } from './device'
import { Foresight, type Work } from './foresight'
import type { DeviceBuffer, Memory } from './memory'
import type { Waits } from './patience'
import type { WebGpuProgram } from './programs'
import { type Source, Staging } from './staging'
import { passMs, Timestamps } from './timestamps'

/** A submission that is encoded. */
interface Encoded {
  readonly commands: GPUCommandBuffer
  /** Maps what is read, once it was submitted; absent where nothing is. */
  readonly map: (() => Promise<ArrayBuffer[]>) | undefined
  /** Gives back the buffer it would have read by. */
  readonly drop: () => void
  /** Whether the last thing that is read are its programs' timestamps. */
  readonly stamped: boolean
}

/** Hands work to the device in the order in which it was asked for, also while a first use waits for its pipelines. */
export class Queue {
  readonly counts = { submits: 0, reads: 0, dispatches: 0 }
  readonly staging: Staging
  readonly timestamps: Timestamps
  /** Pending while something waits for pipelines: what comes later queues behind it. */
  #tail: Promise<void> | undefined
  /** What is likely to be submitted again: encoded while the device is busy. */
  readonly #foresight = new Foresight<WebGpuProgram, DeviceBuffer, Encoded>((encoded) => encoded.drop())
  /** An error that nobody awaited when it was found. */
  #failure: OutriderError | undefined

  constructor(
    private readonly open: OpenDevice,
    private readonly memory: Memory,
    private readonly waits?: Waits | undefined,
  ) {
    this.staging = new Staging(open.device)
    this.timestamps = new Timestamps(open.device)
    open.device.addEventListener('uncapturederror', (event) => {
      event.preventDefault()
      this.#failure ??= rejected((event as GPUUncapturedErrorEvent).error)
    })
  }

  /** Writes before anything that is submitted later. Throws `SHAPE_MISMATCH`, `DISPOSED`. */
  write(target: DeviceBuffer, data: Float32Array | Uint32Array | Uint16Array, offset: number): void {
    if (!this.#tail) {
      this.memory.write(target, data, offset)
      return
    }
    this.memory.checkWrite(target, data, offset)
    const copy = data.slice()
    // Whoever disposed of it meanwhile no longer minds; the error would meet the next submission, which may be another session's.
    this.#after(async () => target.live && this.memory.write(target, copy, offset)).catch((error) => {
      this.#failure ??= error as OutriderError
    })
  }

  /**
   * One submission of `programs` in order, then the bytes of `read`; what the device's clock gave for each program joins `timings`.
   * Throws `DEVICE_LOST`, `KERNEL_INVALID`, `OUT_OF_MEMORY`, `DISPOSED`.
   */
  async submit(
    programs: readonly WebGpuProgram[],
    read: readonly DeviceBuffer[],
    timings?: number[],
  ): Promise<readonly ArrayBuffer[]> {
    this.#check(programs, read)
    if (!this.#tail && programs.every(({ ready }) => ready)) return this.#run(programs, read, timings)()
    const encoded = this.#after(async () => {
      await this.#compiled(programs)
      this.#check(programs, read)
      return this.#run(programs, read, timings)
    })
    return (await encoded)()
  }

  dispose(): void {
    this.#foresight.dispose()
    this.staging.dispose()
    this.timestamps.dispose()
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const result = (this.#tail ?? Promise.resolve()).then(work)
    const tail: Promise<void> = result.then(
      () => this.#settle(tail),
      () => this.#settle(tail),
    )
    this.#tail = tail
    return result
  }

  #settle(tail: Promise<void>): void {
    if (this.#tail === tail) this.#tail = undefined
  }

  async #compiled(programs: readonly WebGpuProgram[]): Promise<void> {
    try {
      const compiled = Promise.all(programs.map((program) => program.ready || program.compile()))
      this.waits?.(compiled)
      await compiled
    } catch (error) {
      this.#checkLoss()
      throw error
    }
  }

  #check(programs: readonly WebGpuProgram[], read: readonly DeviceBuffer[]): void {
    this.#checkLoss()
    this.memory.check()
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure
    for (const program of programs) program.check(this.memory)
    for (const buffer of read) buffer.gpu // throws for one that is gone
  }

  #checkLoss(): void {
    const { loss } = this.open.state
    if (loss) throw lost(`${loss.reason}: ${loss.message}`)
  }

  /** Encodes, unless that was foreseen, and submits now; the function that is returned waits for what was read. */
  #run(
    programs: readonly WebGpuProgram[],
    read: readonly DeviceBuffer[],
    timings?: number[],
  ): () => Promise<readonly ArrayBuffer[]> {
    if (programs.length === 0 && read.length === 0) return async () => []
    const { device } = this.open
    const work = { programs, read }
    const timed = timings !== undefined
    device.pushErrorScope('validation')
    // What nobody waits for leaves the host no time to encode.
    const again = read.length > 0 && !timed
    const { commands, map, stamped } = (again && this.#foresight.take(work)) || this.#encoded(work, timed)
    device.queue.submit([commands])
    const scope = device.popErrorScope().catch(() => null)
    this.#count(programs)
    if (!map) {
      scope.then((error) => {
        if (error) this.#failure ??= rejected(error)
      })
      return async () => []
    }
    this.counts.reads++
    const mapped = map().then(
      (results) => ({ results }),
      (cause: unknown) => ({ cause }),
    )
    this.waits?.(mapped, programs[0])
    // The device is at work, and the host has nothing to do but to wait. What came twice was found valid.
    if (again) this.#foresight.refill((next) => this.#encoded(next, false))
    return async () => {
      const error = await scope
      const outcome = await mapped
      if (error) throw rejected(error)
      if ('cause' in outcome) throw lost(String(outcome.cause), outcome.cause)
      this.memory.check()
      if (!stamped) return outcome.results
      timings?.push(...passMs(new BigUint64Array(outcome.results[read.length] as ArrayBuffer)))
      return outcome.results.slice(0, read.length)
    }
  }

  #count(programs: readonly WebGpuProgram[]): void {
    if (programs.length === 0) return
    this.counts.submits++
    for (const { dispatches } of programs) this.counts.dispatches += dispatches
  }

  #encoded(work: Work<WebGpuProgram, DeviceBuffer>, timed: boolean): Encoded {
    const encoder = this.open.device.createCommandEncoder()
    const stamps = this.#encode(encoder, work.programs, timed)
    const sources = stamps ? [...work.read, stamps] : work.read
    const copy = sources.length > 0 ? this.staging.copy(encoder, sources) : undefined
    const commands = encoder.finish()
    return { commands, map: copy?.map, drop: () => copy?.drop(), stamped: stamps !== undefined }
  }

  /** Encodes programs in one compute pass or, where they are timed, in one each: then gives where their timestamps are. */
  #encode(encoder: GPUCommandEncoder, programs: readonly WebGpuProgram[], timed: boolean): Source | undefined {
    if (programs.length === 0) return undefined
    const { timestamps } = this
    if (!timed || !timestamps.holds(programs.length)) {
      const pass = encoder.beginComputePass()
      for (const program of programs) program.encode(pass)
      pass.end()
      return undefined
    }
    programs.forEach((program, at) => {
      const pass = encoder.beginComputePass({ timestampWrites: timestamps.writes(at) })
      program.encode(pass)
      pass.end()
    })
    return timestamps.resolve(encoder, programs.length)
  }
}

function lost(reason: string, cause?: unknown): OutriderError {
  return new OutriderError('DEVICE_LOST', `the device is gone (${reason}): open a new backend and resume`, { cause })
}

function rejected(error: GPUError): OutriderError {
  return new OutriderError('KERNEL_INVALID', `the device rejects what was recorded: ${error.message}`, { cause: error })
}
