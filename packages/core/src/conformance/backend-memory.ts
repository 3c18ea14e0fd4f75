import { OutriderError } from '../errors'
import type { Backend, Tensor } from '../spec'
import type { MakeBackend } from './bench'
import type { Check } from './harness'

/** Memory, errors and submissions. */
export function memoryChecks(make: MakeBackend): readonly Check[] {
  const on = (use: (backend: Backend) => Promise<readonly string[]>) => async () => {
    const backend = await make()
    try {
      return await use(backend)
    } finally {
      backend.dispose()
    }
  }
  return [
    { name: 'memory is zeroed, written, read back and counted', faults: on(memoryFaults) },
    { name: 'what is wrong is refused with its code', faults: on(refusalFaults) },
    { name: 'programs run in order, in one submission', faults: on(orderFaults) },
  ]
}

async function memoryFaults(backend: Backend): Promise<readonly string[]> {
  const faults: string[] = []
  const before = backend.stats.liveBytes
  const tensor = backend.tensor([3, 4], 'u32', 'conformance')
  const held = backend.stats.liveBytes - before
  if (held < 48) faults.push(`memory: stats.liveBytes grew by ${held} for a tensor of 48 bytes`)
  const words = async () => [...new Uint32Array((await backend.submit([], [tensor]))[0] as ArrayBuffer)].join()
  if ((await words()) !== '0,0,0,0,0,0,0,0,0,0,0,0') faults.push('memory: a new tensor is not zeroed')
  backend.write(tensor, Uint32Array.of(7, 8, 9), 2)
  if ((await words()) !== '0,0,7,8,9,0,0,0,0,0,0,0')
    faults.push('memory: a write of three words at element 2 is not what is read back')
  tensor.dispose()
  tensor.dispose()
  const left = backend.stats.liveBytes - before
  if (left !== 0) faults.push(`memory: stats.liveBytes is ${left} off after the tensor was disposed of, twice`)
  return faults
}

async function refusalFaults(backend: Backend): Promise<readonly string[]> {
  const tensor = backend.tensor([4], 'f32', 'conformance')
  const gone = backend.tensor([4], 'f32', 'conformance')
  gone.dispose()
  const faults: string[] = []
  const expectCode = async (code: 'SHAPE_MISMATCH' | 'DISPOSED', what: string, work: () => unknown) => {
    const outcome = await Promise.resolve()
      .then(work)
      .then(
        () => 'no error',
        (error: unknown) => error,
      )
    if (!OutriderError.is(outcome, code)) faults.push(`errors: ${what} must throw ${code}, but gave ${outcome}`)
  }
  await expectCode('SHAPE_MISMATCH', 'a write beyond the end', () => backend.write(tensor, new Float32Array(3), 2))
  await expectCode('SHAPE_MISMATCH', 'an op with tensors that do not fit', () =>
    backend.program('conformance', (ops) => ops.add({ a: tensor, b: tensor, out: tensor, rows: 2 })),
  )
  await expectCode('DISPOSED', 'a write to what was disposed of', () => backend.write(gone, new Float32Array(1)))
  return faults
}

async function orderFaults(backend: Backend): Promise<readonly string[]> {
  const [a, b] = [backend.tensor([1, 4], 'f32', 'a'), backend.tensor([1, 4], 'f32', 'b')]
  const adding = (out: Tensor) => backend.program('add', (ops) => ops.add({ a, b, out, rows: 1 }))
  const programs = [adding(a), adding(b)]
  backend.write(a, Float32Array.of(1, 2, 3, 4))
  backend.write(b, Float32Array.of(1, 1, 1, 1))
  const { submits, reads } = backend.stats
  const [first, second] = await backend.submit(programs, [a, b])
  const faults: string[] = []
  const found = [...new Float32Array(first as ArrayBuffer), ...new Float32Array(second as ArrayBuffer)].join()
  if (found !== '2,3,4,5,3,4,5,6') faults.push(`programs: a += b, then b += a, gave ${found}: programs run in order`)
  if (backend.stats.submits - submits !== 1 || backend.stats.reads - reads !== 1)
    faults.push('programs: stats counts other than one submission and one read for one call of submit that reads')
  for (const program of programs) program.dispose()
  return faults
}
