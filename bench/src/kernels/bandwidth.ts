import type { Backend, CustomKernel, Program, Tensor } from '@outrider/core'
import { Owned } from '@outrider/core'
import type { Clock } from '../clock'
import { copies } from './turns'

/** Dispatches of the program that measures one that does nothing. */
const emptyCount = 256

/** Vectors of 16 bytes that a thread sums: the fastest is the baseline. */
const perThread = [4, 8, 16, 32] as const
const threads = 256
/** Most workgroups along an axis. */
const mostGroups = 65_535

/** What a dispatch costs that does next to nothing but waits for the one before it, ms. */
export async function emptyDispatchMs(backend: Backend, clock: Clock): Promise<number> {
  const out = backend.tensor([1], 'f32', 'out')
  const kernel: CustomKernel = {
    label: 'empty',
    wgsl: `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(1) fn main() { out[0] += 1.0; }`,
    tensors: [{ tensor: out, access: 'read_write' }],
    workgroups: [1],
    reference: ([view]) => {
      ;(view as Float32Array)[0] = 1 + ((view as Float32Array)[0] as number)
    },
  }
  const program = backend.program('empty dispatches', (ops) => {
    for (let i = 0; i < emptyCount; i++) ops.kernel(kernel)
  })
  const { median } = await clock.time(program)
  program.dispose()
  out.dispose()
  return median / emptyCount
}

/** The read bandwidth that a plain sum reaches. */
export interface ReadBandwidth {
  readonly bytes: number
  /** Vectors of 16 bytes that a thread of the fastest kernel sums. */
  readonly perThread: number
  /** Of one dispatch, the empty one's time taken off, ms. */
  readonly ms: number
  readonly bytesPerSecond: number
}

/** How fast `bytes` can be read, `rotatedBytes` in turn: the fastest of several plain sums; null where none takes longer than a dispatch. */
export async function readBandwidth(
  backend: Backend,
  clock: Clock,
  bytes: number,
  rotatedBytes: number,
  emptyMs: number,
): Promise<ReadBandwidth | null> {
  const owned = new Owned()
  try {
    const words = Math.ceil(bytes / 4)
    const parts: Tensor[] = []
    for (let i = copies(rotatedBytes, 4 * words); i > 0; i--)
      parts.push(owned.add(backend.tensor([words], 'u32', 'part')))
    const out = owned.add(backend.tensor([1], 'u32', 'sum'))
    let best: ReadBandwidth | null = null
    for (const each of perThread) {
      if (Math.ceil(words / 4 / (threads * each)) > mostGroups) continue
      const calls = parts.length * Math.max(1, Math.ceil(64 / parts.length))
      const program: Program = owned.add(
        backend.program('copy-sum', (ops) => {
          for (let turn = 0; turn < calls; turn++) ops.kernel(sum(parts[turn % parts.length] as Tensor, out, each))
        }),
      )
      const ms = (await clock.time(program)).median / calls - emptyMs
      if (ms <= 0) continue
      const found = { bytes: 4 * words, perThread: each, ms, bytesPerSecond: (4 * words) / (ms / 1000) }
      if (!best || found.ms < best.ms) best = found
    }
    return best
  } finally {
    owned.dispose()
  }
}

/** Reads all of `part`; writes only what no sum is, so that reading is all that it costs. */
function sum(part: Tensor, out: Tensor, each: number): CustomKernel {
  const vectors = Math.floor((part.shape[0] as number) / 4)
  const step = threads * each
  return {
    label: 'copy-sum',
    wgsl: `@group(0) @binding(0) var<storage, read> part: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var total = vec4u();
  let first = group.x * ${step}u + lane;
  for (var i = 0u; i < ${each}u; i++) {
    let at = first + i * ${threads}u;
    if (at < ${vectors}u) { total += part[at]; }
  }
  if (total.x + total.y + total.z + total.w == 0x9e3779b1u) { out[0] = total.x; }
}`,
    tensors: [
      { tensor: part, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(vectors / step)],
    reference: ([read]) => {
      ;(read as Uint32Array).reduce((total, word) => (total + word) >>> 0, 0)
    },
  }
}
