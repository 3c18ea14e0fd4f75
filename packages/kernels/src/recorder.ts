import { OutriderError } from '@outrider/core'
import type { Arithmetic, DType, Shape, Tensor } from '@outrider/core/spec'
import type { DeviceFacts } from './device'
import { type DeviceBuffer, DeviceTensor, deviceBuffer, type Memory } from './memory'
import type { Access, Pipeline, Pipelines } from './pipelines'
import type { Variant } from './shader'
import type { TileBook } from './tune/tile-book'

/** A value of a dispatch's uniform parameters, one word each: a number is a u32. */
export type Param = number | { readonly f32: number }

/** A buffer that a dispatch binds. */
export interface Binding {
  readonly buffer: Tensor | DeviceBuffer
  readonly access: Access
}

/** One dispatch as an op states it. */
export interface Dispatch {
  readonly label: string
  /** The whole module, entry point `main`: a text that stays the same string, or a variant of a shader. */
  readonly wgsl: string | Variant
  /** Packed in order into `@group(0) @binding(0) var<uniform>`; the buffers then follow from binding 1. */
  readonly params?: readonly Param[]
  /** From binding 0, or 1 where there are params. A buffer that is written is bound once. */
  readonly buffers: readonly Binding[]
  readonly workgroups: readonly [x: number, y?: number, z?: number]
}

/** One dispatch as a program keeps it. */
export interface Step {
  readonly label: string
  readonly pipeline: Pipeline
  readonly buffers: readonly DeviceBuffer[]
  /** Offset and length of the parameters in the program's words; null for none. */
  readonly params: { readonly at: number; readonly words: number } | null
  readonly workgroups: readonly [number, number, number]
}

/** Words from one parameter block to the next: WebGPU's default alignment of uniform offsets, 256 bytes. */
const blockWords = 64

/** Takes down the dispatches of one program, with the memory that belongs to it. */
export class Recorder {
  readonly params: number[] = []
  readonly owned: DeviceTensor[] = []
  readonly #scratch = new Map<string, DeviceTensor>()
  readonly #steps: (Step | (() => Dispatch))[] = []
  readonly #written = new Map<DeviceBuffer, number>()

  constructor(
    readonly device: DeviceFacts,
    readonly memory: Memory,
    private readonly pipelines: Pipelines,
    /** How products are computed. */
    readonly arithmetic: Arithmetic = 'f32',
    /** The tiles that were measured on this device. */
    readonly tiles: TileBook | undefined = undefined,
  ) {}

  /** The dispatches; those that were left open are settled now, with the errors of `dispatch`. */
  get steps(): readonly Step[] {
    return this.#steps.map((step, i) => {
      if (typeof step !== 'function') return step
      const settled = this.#step(step())
      this.#steps[i] = settled
      return settled
    })
  }

  /** Steps so far. */
  get count(): number {
    return this.#steps.length
  }

  /** The last step so far that writes `tensor`, -1 for none. */
  lastWrite(tensor: Tensor): number {
    return this.#written.get(deviceBuffer(this.memory, tensor)) ?? -1
  }

  /** Records a dispatch that later ops may still change, until `steps` are asked for; what it writes of `buffers` is known now. */
  later(buffers: readonly Binding[], dispatch: () => Dispatch): void {
    this.#push(buffers, dispatch)
  }

  /** Takes back the last step; whoever does writes what it would have written. */
  takeBack(): void {
    this.#steps.pop()
  }

  /** Records a dispatch; its pipeline begins to compile. Throws `DEVICE_LACKS`, `KERNEL_INVALID`, `SHAPE_MISMATCH`, `DISPOSED`. */
  dispatch(dispatch: Dispatch): void {
    this.#push(dispatch.buffers, this.#step(dispatch))
  }

  #push(buffers: readonly Binding[], step: Step | (() => Dispatch)): void {
    for (const { buffer, access } of buffers)
      if (access === 'read_write') this.#written.set(deviceBuffer(this.memory, buffer), this.#steps.length)
    this.#steps.push(step)
  }

  #step({ label, wgsl, params = [], buffers, workgroups }: Dispatch): Step {
    const bound = buffers.map(({ buffer }) => deviceBuffer(this.memory, buffer))
    for (const buffer of bound) buffer.gpu // throws for one that is gone
    this.#checkBindings(label, buffers)
    const size = this.#checkWorkgroups(label, workgroups)
    const access = buffers.map((binding) => binding.access)
    const pipeline = this.pipelines.get(label, wgsl, params.length > 0, access)
    const at = this.params.length
    for (const param of params) this.params.push(word(param))
    while (this.params.length % blockWords !== 0) this.params.push(0)
    const block = params.length > 0 ? { at, words: Math.ceil(params.length / 4) * 4 } : null
    return { label, pipeline, buffers: bound, params: block, workgroups: size }
  }

  /**
   * Memory between two dispatches of one op; it belongs to the program. The dispatches of a program run one after the other,
   * so the same label, shape and type give the same tensor again.
   */
  scratch(shape: Shape, dtype: DType, label: string): Tensor {
    const key = `${label} ${dtype} ${shape}`
    const known = this.#scratch.get(key)
    if (known) return known
    const tensor = new DeviceTensor(this.memory, shape, dtype, label)
    this.#scratch.set(key, tensor)
    this.owned.push(tensor)
    return tensor
  }

  #checkBindings(label: string, buffers: readonly Binding[]): void {
    const most = this.device.limits.maxStorageBuffersPerShaderStage
    if (buffers.length > most)
      throw new OutriderError('DEVICE_LACKS', `${label} binds ${buffers.length} buffers, and this device takes ${most}`)
    const written = buffers.filter(({ access }) => access === 'read_write').map(({ buffer }) => buffer)
    const twice = written.find((buffer) => buffers.filter((other) => other.buffer === buffer).length > 1)
    if (twice)
      throw new OutriderError('KERNEL_INVALID', `${label} binds ${twice.label} twice and writes it: bind it once`)
  }

  #checkWorkgroups(label: string, [x, y = 1, z = 1]: Dispatch['workgroups']): [number, number, number] {
    const most = this.device.limits.maxComputeWorkgroupsPerDimension
    const fits = [x, y, z].every((size) => Number.isInteger(size) && size >= 1 && size <= most)
    if (!fits)
      throw new OutriderError(
        'DEVICE_LACKS',
        `${label} asks for ${x} × ${y} × ${z} workgroups; each may be 1 to ${most}`,
      )
    return [x, y, z]
  }
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function word(param: Param): number {
  if (typeof param === 'number') return param >>> 0
  float[0] = param.f32
  return bits[0] as number
}
