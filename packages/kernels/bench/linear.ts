// What `linear` costs by rows on this device: one JSON line a measurement.
//   esbuild packages/kernels/bench/linear.ts --bundle --format=esm --platform=node --external:webgpu --outfile=linear.mjs
//   node linear.mjs [--sweep] [--quick] [--format=q4_0] [--rows=1,8] [--shapes=4096x14336]
// Shapes are inputs x outputs. --sweep tries every tile at the rows given; --quick, for a look on a slow device, takes little
// time and memory.
import type { Tensor, WeightFormat } from '@outrider/core/spec'
import { create } from 'webgpu'
import { openDevice } from '../src/device'
import { DeviceTensor, Memory } from '../src/memory'
import { linear } from '../src/ops/linear/linear'
import { chooseTile, type Tile } from '../src/ops/linear/tile'
import { Pipelines } from '../src/pipelines'
import { WebGpuProgram } from '../src/programs'
import { Recorder } from '../src/recorder'
import { uploadWeight } from '../src/weights/pack'
import { randomRows } from '../test/rows'
import { randomSource } from '../test/weight-source'
import { PassTimer } from './pass-timer'
import { everyTile } from './tiles'

const flag = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const quick = process.argv.includes('--quick')
const sweep = process.argv.includes('--sweep')
const format = (flag('format') ?? 'q4_0') as WeightFormat
const rowCounts = (flag('rows') ?? '1,2,4,8,16,32,64').split(',').map(Number)
const shapes = (flag('shapes') ?? '4096x14336,14336x4096,2048x8192,8192x2048')
  .split(',')
  .map((shape) => shape.split('x').map(Number) as [inputs: number, outputs: number])
/** Weights are read in turn from more memory than a cache holds. */
const rotatedBytes = quick ? 1 << 20 : 210_000_000
const warmUpMs = quick ? 20 : 500
const measuredMs = quick ? 20 : 60
const measurements = quick ? 3 : 9

// Both are kept: Dawn's Node binding frees what nobody references.
const gpu = create([
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
])
const open = await openDevice({ gpu })
Object.assign(globalThis, { gpu, open })
const { device, facts, adapter } = open
const memory = new Memory(device)
const pipelines = new Pipelines(device, facts)
const timer = new PassTimer(device)
const name = adapter.info.description || adapter.info.device
const print = (line: object): void => console.log(JSON.stringify(line))

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** Milliseconds of one run of `program`, median of several passes that follow half a second of the same. */
async function time(program: WebGpuProgram): Promise<number> {
  await program.compile()
  const probe = await timer.measure(program, 1)
  let runs = 1
  let last = probe
  for (const start = performance.now(); performance.now() - start < warmUpMs; ) {
    runs = Math.max(1, Math.min(1000, Math.round((measuredMs * runs) / Math.max(last, 1e-3))))
    last = await timer.measure(program, runs)
  }
  const samples: number[] = []
  for (let i = 0; i < measurements; i++) samples.push((await timer.measure(program, runs)) / runs)
  return median(samples)
}

function program(label: string, record: (recorder: Recorder) => void): WebGpuProgram {
  const recorder = new Recorder(facts, memory, pipelines)
  record(recorder)
  return new WebGpuProgram(label, recorder)
}

/** What a dispatch costs that does next to nothing but waits for the one before it, ms. */
async function emptyDispatch(): Promise<number> {
  const out = new DeviceTensor(memory, [64], 'f32', 'out')
  const wgsl = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(1) fn main() { out[0] += 1.0; }`
  const count = 64
  const empty = program('empty', (recorder) => {
    for (let i = 0; i < count; i++)
      recorder.dispatch({ label: 'empty', wgsl, buffers: [{ buffer: out, access: 'read_write' }], workgroups: [1] })
  })
  const ms = (await time(empty)) / count
  empty.dispose()
  out.dispose()
  return ms
}

const emptyMs = await emptyDispatch()
print({ bench: 'empty dispatch', device: name, clock: timer.clock, ms: emptyMs })

for (const [inputs, outputs] of shapes) {
  const source = randomSource(format, outputs, inputs)
  const first = await uploadWeight(memory, source, 'w')
  const weights = [first]
  while (weights.length * first.bytes < rotatedBytes) weights.push(await uploadWeight(memory, source, 'w'))
  const most = Math.max(...rowCounts)
  const x = new DeviceTensor(memory, [most, inputs], 'f32', 'x')
  memory.write(x, randomRows(most, inputs, 1), 0)
  const out: Tensor = new DeviceTensor(memory, [most, outputs], 'f32', 'out')
  let oneRow: number | undefined
  for (const rows of rowCounts)
    for (const tile of sweep ? everyTile(rows) : [chooseTile(rows, Math.ceil(outputs / 64), facts)]) {
      const ms = await timeTile(rows, tile)
      if (rows === 1) oneRow = Math.min(oneRow ?? ms, ms)
      const bytesPerSecond = first.bytes / (ms / 1000)
      const ratio = oneRow === undefined ? null : ms / oneRow
      print({
        bench: 'linear',
        device: name,
        format,
        inputs,
        outputs,
        rows,
        tile,
        ms,
        bytes: first.bytes,
        bytesPerSecond,
        ratio,
      })
    }
  for (const owned of [...weights, x, out]) owned.dispose()

  /** One dispatch a weight; each waits for the one before it, whose output it overwrites. */
  async function timeTile(rows: number, tile: Tile): Promise<number> {
    const work = program('linear', (recorder) => {
      for (const weight of weights) linear(recorder, { x, weight, out, rows }, { tile })
    })
    const ms = (await time(work)) / weights.length - emptyMs
    work.dispose()
    return ms
  }
}

timer.dispose()
device.destroy()
process.exit(0)
