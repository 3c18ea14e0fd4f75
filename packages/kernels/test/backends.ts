import type { Backend, DType, Tensor } from '@outrider/core/spec'
import { type WebGpuOptions, webgpu } from '../src/index.node'

/** Both device paths, for `describe.each`: every op has to pass on each. */
export const paths: readonly { readonly name: string; readonly options: WebGpuOptions }[] = [
  { name: 'subgroups', options: {} },
  { name: 'workgroup memory', options: { subgroups: false } },
]

/** Opens the machine's adapter. Without one the test fails: nothing here is skipped. */
export async function open(options: WebGpuOptions = {}): Promise<Backend> {
  return webgpu(options)
}

/** A tensor that holds `data`; f16 tensors take binary16 bits. */
export function filled(
  backend: Backend,
  data: Float32Array | Uint32Array | Uint16Array,
  shape: readonly number[] = [data.length],
  label = 'data',
): Tensor {
  const dtype: DType = data instanceof Float32Array ? 'f32' : data instanceof Uint32Array ? 'u32' : 'f16'
  const tensor = backend.tensor(shape, dtype, label)
  backend.write(tensor, data)
  return tensor
}

/** The floats of a f32 tensor after `programs` ran. */
export async function floats(backend: Backend, tensor: Tensor): Promise<Float32Array> {
  const [bytes] = await backend.submit([], [tensor])
  return new Float32Array(bytes as ArrayBuffer)
}

/** The words of a tensor, whatever they mean: what bit for bit comparisons compare. */
export async function words(backend: Backend, tensor: Tensor): Promise<Uint32Array> {
  const [bytes] = await backend.submit([], [tensor])
  return new Uint32Array(bytes as ArrayBuffer)
}
