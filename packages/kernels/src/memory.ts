import { OutriderError } from '@outrider/core'
import type { DType, Shape, Tensor } from '@outrider/core/spec'

/** WebGPU's usage flags, which are globals in browsers only. */
export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const

const elementBytes: Record<DType, number> = { f32: 4, f16: 2, u32: 4 }

/** One buffer of the device. Its owner disposes of it. */
export class DeviceBuffer {
  /** Bytes on the device: `bytes` rounded up to whole words. */
  readonly size: number
  #gpu: GPUBuffer | undefined

  constructor(
    readonly memory: Memory,
    readonly label: string,
    /** Bytes that mean something. */
    readonly bytes: number,
    flags: number = usage.storage | usage.copySource | usage.copyTarget,
  ) {
    this.size = Math.ceil(bytes / 4) * 4
    this.#gpu = memory.take(this, flags)
  }

  get live(): boolean {
    return this.#gpu !== undefined
  }

  /** Throws `DISPOSED`. */
  get gpu(): GPUBuffer {
    if (!this.#gpu)
      throw new OutriderError('DISPOSED', `${this.label} was disposed of; make a new one and record again`)
    return this.#gpu
  }

  dispose(): void {
    if (!this.#gpu) return
    this.#gpu.destroy()
    this.#gpu = undefined
    this.memory.give(this)
  }
}

/** A tensor in one buffer, row-major. f16 elements lie two a word, the first in the low half. */
export class DeviceTensor extends DeviceBuffer implements Tensor {
  readonly length: number

  constructor(
    memory: Memory,
    readonly shape: Shape,
    readonly dtype: DType,
    label: string,
  ) {
    const length = shape.reduce((product, size) => product * size, 1)
    if (shape.length === 0 || shape.some((size) => !Number.isInteger(size) || size < 1))
      throw new OutriderError('SHAPE_MISMATCH', `${label}: the sizes [${shape}] must be whole and positive`)
    super(memory, label, length * elementBytes[dtype])
    this.length = length
  }
}

/** Buffers of one device, with what they hold. */
export class Memory {
  liveBytes = 0
  peakBytes = 0
  /** Counts disposals, so that a program looks for dead buffers only after there was one. */
  disposals = 0
  /** Set when the device ran out of memory; reported by the next submission. */
  failure: OutriderError | undefined
  readonly #live = new Set<DeviceBuffer>()

  constructor(readonly device: GPUDevice) {}

  /** Most bytes of one buffer that a kernel can bind. */
  get maxBytes(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits
    return Math.min(maxBufferSize, maxStorageBufferBindingSize)
  }

  /** Makes a buffer's memory, zeroed. Throws `DEVICE_LACKS`; running out of memory shows at the next submission. */
  take(owner: DeviceBuffer, flags: number): GPUBuffer {
    const { label, size } = owner
    if (size > this.maxBytes)
      throw new OutriderError(
        'DEVICE_LACKS',
        `${label} needs ${size} bytes, and a buffer of this device holds ${this.maxBytes}: lower the capacity or choose a smaller model`,
        { details: { label, bytes: size, maxBytes: this.maxBytes } },
      )
    this.device.pushErrorScope('out-of-memory')
    const buffer = this.device.createBuffer({ label, size, usage: flags })
    this.device.popErrorScope().then(
      (error) => {
        if (error) this.failure ??= outOfMemory(label, size, this.liveBytes)
      },
      () => {},
    )
    this.#live.add(owner)
    this.liveBytes += owner.bytes
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes)
    return buffer
  }

  give(owner: DeviceBuffer): void {
    this.#live.delete(owner)
    this.liveBytes -= owner.bytes
    this.disposals++
  }

  /**
   * Looks at a write of `data` at a byte offset. WebGPU writes whole words: an odd number of halves is allowed at the buffer's end
   * only. Throws `SHAPE_MISMATCH`, `DISPOSED`.
   */
  checkWrite(target: DeviceBuffer, data: ArrayBufferView, offset: number): void {
    const end = offset + data.byteLength
    if (offset < 0 || end > target.bytes)
      throw new OutriderError(
        'SHAPE_MISMATCH',
        `a write of ${data.byteLength} bytes at byte ${offset} overruns ${target.label} (${target.bytes} bytes)`,
      )
    const odd = data.byteLength % 4
    if (offset % 4 !== 0 || (odd !== 0 && end !== target.bytes))
      throw new OutriderError('SHAPE_MISMATCH', `a write to ${target.label} must begin and end at an even element`)
    target.gpu // throws for one that is gone
  }

  /** Writes `data` at a byte offset, in queue order. Throws as `checkWrite`. */
  write(target: DeviceBuffer, data: Float32Array | Uint32Array | Uint16Array | Uint8Array, offset: number): void {
    this.checkWrite(target, data, offset)
    const odd = data.byteLength % 4
    const whole = data.byteLength - odd
    const { queue } = this.device
    if (whole > 0) queue.writeBuffer(target.gpu, offset, data.buffer as ArrayBuffer, data.byteOffset, whole)
    if (odd === 0) return
    const last = new Uint8Array(4)
    last.set(new Uint8Array(data.buffer, data.byteOffset + whole, odd))
    queue.writeBuffer(target.gpu, offset + whole, last)
  }

  /** Waits until the device has accepted what was allocated so far. Throws `OUT_OF_MEMORY`. */
  async settled(): Promise<void> {
    this.device.pushErrorScope('out-of-memory')
    await this.device.popErrorScope().catch(() => null)
    this.check()
  }

  /** Throws the allocation failure that was found, once. */
  check(): void {
    const { failure } = this
    this.failure = undefined
    if (failure) throw failure
  }

  disposeAll(): void {
    for (const buffer of [...this.#live]) buffer.dispose()
  }
}

function outOfMemory(label: string, bytes: number, liveBytes: number): OutriderError {
  return new OutriderError(
    'OUT_OF_MEMORY',
    `the device has no ${bytes} bytes for ${label}, and ${liveBytes} bytes are held: lower the capacity or choose a smaller model`,
    { details: { label, bytes, liveBytes } },
  )
}

/** The device memory behind a tensor. Throws `SHAPE_MISMATCH` for another backend's. */
export function deviceBuffer(memory: Memory, tensor: Tensor | DeviceBuffer): DeviceBuffer {
  if (tensor instanceof DeviceBuffer && tensor.memory === memory) return tensor
  throw new OutriderError('SHAPE_MISMATCH', `${tensor.label} belongs to another backend`)
}
