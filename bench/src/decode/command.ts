import type { Backend } from '@outrider/core'
import { Clock } from '../clock'
import { openBackend } from '../device'
import type { GeneratedModel } from '../generated-model'
import { type Line, type Output, shown } from '../output'
import type { BenchSettings } from '../settings'
import { TargetProbe } from '../target-probe'
import { engineCost } from './engine-cost'
import { generatedModel, openModel } from './open-model'
import { plainDecoding } from './plain'
import { mostRuns, VerifyPass } from './verify-pass'

/** Rows that verify passes are measured for. */
const usualRows = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]

/** Milliseconds of one row by context: the fastest of the arithmetics that have been measured. */
type Fastest = Map<number, number>

/** `pnpm bench decode`: whole models, in one arithmetic after another. */
export async function benchDecode(settings: BenchSettings): Promise<void> {
  const { models, dtypes, tiny, arithmetics } = settings
  for (const name of models ?? [tiny ? 'tiny' : '1b'])
    for (const format of dtypes ?? ['q4_0']) {
      const made = generatedModel(name, format)
      const fastest: Fastest = new Map()
      for (const arithmetic of arithmetics) await benchModel({ ...settings, arithmetic }, made, fastest)
    }
}

async function benchModel(settings: BenchSettings, made: GeneratedModel, fastest: Fastest): Promise<void> {
  const { output, tiny, clock: timing } = settings
  const tokens = settings.tokens ?? (tiny ? 4 : 128)
  const rows = settings.rows ?? (tiny ? [1, 2, 4] : usualRows)
  const contexts = (settings.contexts ?? (tiny ? [16] : [16, 512, 4096])).filter(
    (context) => context + tokens <= made.shape.maxPositions,
  )
  const backend = await openBackend(settings)
  try {
    const { device, arithmetic } = backend.info
    output.always({ bench: 'decode', device, arithmetic, model: made.name })
    output.note(`\n${made.shape.title} ${made.format} on ${device}, arithmetic ${arithmetic}`)
    const capacity = Math.max(...contexts) + tokens
    const probe = new TargetProbe()
    const open = await openModel(backend, made, { capacity, maxRows: Math.max(...rows), strategies: [probe] })
    tellLoading(output, open.loading)
    await engineCost(open.engine, output)
    output.table('plain decoding', plainColumns)
    for (const context of contexts)
      output.line(
        await plainDecoding(open.engine, context, { tokens, repeats: tiny ? 1 : 3, warmUpMs: timing.warmUpMs }),
      )
    tellMemory(output, made, backend, capacity + Math.max(...rows))
    const clock = new Clock(backend, timing)
    for (const context of contexts) await verifyCost(probe, clock, output, { made, context, rows, fastest })
    clock.dispose()
    await open.engine.dispose()
  } finally {
    backend.dispose()
  }
}

/** Which passes are measured. */
interface Measured {
  readonly made: GeneratedModel
  readonly context: number
  readonly rows: readonly number[]
  readonly fastest: Fastest
}

/** v(m) = T(m) / T(1) through the whole model, on the device's clock and on the host's with submission and read. */
async function verifyCost(
  probe: TargetProbe,
  clock: Clock,
  output: Output,
  { made, context, rows, fastest }: Measured,
): Promise<void> {
  const pass = await VerifyPass.open(probe.host, context, Math.max(...rows))
  output.table(`verify passes of ${made.name} behind ${context} tokens`, verifyColumns)
  let one: { readonly ms: number; readonly wallMs: number } | null = null
  for (const count of rows) {
    const program = pass.program(count)
    const reset = () => pass.reset(count)
    const timed = await clock.time(program, reset, mostRuns)
    const wall = await clock.wall(program, pass.outcome, reset)
    const { median: ms, low: lowMs, high: highMs } = timed
    if (count === 1) {
      one = { ms, wallMs: wall.median }
      fastest.set(context, Math.min(ms, fastest.get(context) ?? ms))
    }
    const least = fastest.get(context)
    output.line({
      what: 'verify',
      context,
      rows: count,
      dispatches: program.dispatches,
      ms,
      lowMs,
      highMs,
      clock: timed.clock,
      wallMs: wall.median,
      lowWallMs: wall.low,
      highWallMs: wall.high,
      ratio: one && ms / one.ms,
      ratioToFastest: least === undefined ? null : ms / least,
      wallRatio: one && wall.median / one.wallMs,
      weightBytesPerSecond: made.weightBytes / (ms / 1000),
    })
    program.dispose()
  }
  pass.dispose()
}

function tellLoading(output: Output, loading: Line): void {
  const { seconds, weightBytes, bytesPerSecond, peakHostBytes, hostBytesBefore } = loading as Record<string, number>
  output.note(
    `loaded ${gigabytes(weightBytes)} GB in ${seconds?.toFixed(1)} s (${gigabytes(bytesPerSecond)} GB/s); ` +
      `host memory ${gigabytes(hostBytesBefore)} GB before, ${gigabytes(peakHostBytes)} GB at most`,
  )
  output.json(loading)
}

/** What one session on the device takes, against weights and KV cache alone. */
function tellMemory(output: Output, made: GeneratedModel, { info, stats }: Backend, slots: number): void {
  const { layers, kvHeads, headDim } = made.shape
  const { peakBytes: peakDeviceBytes } = stats
  const elementBytes = info.cacheType === 'f16' ? 2 : 4
  const cacheBytes = 2 * layers * kvHeads * headDim * slots * elementBytes
  const ratio = peakDeviceBytes / (made.weightBytes + cacheBytes)
  output.note(
    `device memory ${gigabytes(peakDeviceBytes)} GB at most: ${ratio.toFixed(3)} times ` +
      `weights (${gigabytes(made.weightBytes)}) and KV cache of ${slots} slots (${gigabytes(cacheBytes)})`,
  )
  output.json({ what: 'memory', slots, weightBytes: made.weightBytes, cacheBytes, peakDeviceBytes, ratio })
}

const plainColumns = [
  shown('context', 'context'),
  shown('tokens/s', 'tokensPerSecond'),
  shown('low', 'lowTokensPerSecond'),
  shown('high', 'highTokensPerSecond'),
  shown('round ms', 'roundMs'),
  shown('first ms', 'firstTokenMs'),
  shown('prefill tokens/s', 'prefillTokensPerSecond'),
]

const verifyColumns = [
  shown('rows', 'rows'),
  shown('device ms', 'ms'),
  shown('low', 'lowMs'),
  shown('high', 'highMs'),
  shown('v(m)', 'ratio'),
  shown('x fastest', 'ratioToFastest'),
  shown('wall ms', 'wallMs'),
  shown('low', 'lowWallMs'),
  shown('high', 'highWallMs'),
  shown('v(m) wall', 'wallRatio'),
  shown('GB/s', 'weightBytesPerSecond', 1e9),
  shown('dispatches', 'dispatches'),
]

function gigabytes(bytes: number | undefined): string {
  return ((bytes ?? 0) / 1e9).toFixed(3)
}
