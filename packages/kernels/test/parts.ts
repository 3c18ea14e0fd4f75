import {
  type Arithmetic,
  INDEX,
  MAX_TREE_ROWS,
  type Pass,
  type Shape,
  type Tensor,
  type Weight,
} from '@outrider/core/spec'
import { create } from 'webgpu'
import { type OpenDevice, openDevice } from '../src/device'
import { DeviceTensor, deviceBuffer, Memory } from '../src/memory'
import { Patience } from '../src/patience'
import { Pipelines } from '../src/pipelines'
import { WebGpuProgram } from '../src/programs'
import { Queue } from '../src/queue'
import { Recorder } from '../src/recorder'
import { packedWeight } from '../src/weights/packed-weight'
import { passTensors } from './passes'

/** The parts of a backend by themselves, for tests of what `Ops` does not show. */
export interface Parts {
  readonly open: OpenDevice
  readonly memory: Memory
  recorder(arithmetic?: Arithmetic): Recorder
  tensor(shape: Shape, data?: Float32Array): Tensor
  /** A pass over a chain of these tokens. */
  pass(tokens: readonly number[]): Pass
  partsOf(weight: Weight): number
  submit(recorder: Recorder, read: readonly Tensor[]): Promise<readonly ArrayBuffer[]>
  dispose(): void
}

const kept: { outriderTestGpu?: GPU } = globalThis as typeof kept

/** Opens the device that `webgpu()` would. */
export async function openParts(): Promise<Parts> {
  kept.outriderTestGpu ??= create([])
  const open = await openDevice({ gpu: kept.outriderTestGpu })
  const memory = new Memory(open.device)
  const pipelines = new Pipelines(open.device, open.facts)
  const queue = new Queue(open, memory, new Patience().waits)
  return {
    open,
    memory,
    recorder: (arithmetic) => new Recorder(open.facts, memory, pipelines, arithmetic),
    tensor(shape, data) {
      const tensor = new DeviceTensor(memory, shape, 'f32', 'tensor')
      if (data) memory.write(tensor, data, 0)
      return tensor
    },
    pass(tokens) {
      const { tokens: words, index } = passTensors(tokens.length, 0, (row) => tokens[row] ?? 0)
      const [a, b] = [MAX_TREE_ROWS, INDEX.words].map((size) => new DeviceTensor(memory, [size], 'u32', 'pass'))
      memory.write(a!, words.data as Uint32Array, 0)
      memory.write(b!, index.data as Uint32Array, 0)
      return { rows: tokens.length, first: 0, tokens: a!, index: b! }
    },
    partsOf: (weight) => packedWeight(memory, weight).parts.length,
    async submit(recorder, read) {
      const program = new WebGpuProgram('parts', recorder)
      const results = await queue.submit(
        [program],
        read.map((tensor) => deviceBuffer(memory, tensor)),
      )
      program.dispose()
      return results
    },
    dispose() {
      queue.dispose()
      memory.disposeAll()
      open.device.destroy()
    },
  }
}
