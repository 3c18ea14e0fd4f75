import { Clock } from '../clock'
import { openBackend } from '../device'
import type { BenchSettings } from '../settings'
import { attentionGroup } from './attention'
import type { BenchGroup } from './bench-case'
import { layerShapes } from './layer-shapes'
import { gatedGroup, qkvGroup, rmsNormGroup } from './layers'
import { linearGroups } from './linear'
import { OpTimer } from './op-timer'
import { KernelSuite } from './suite'
import { vocabularyGroups } from './vocabulary'

/** Rows that ops are measured for. */
const usualRows = [1, 2, 4, 8, 16, 32, 64]

/** `pnpm bench kernels`: every op by itself, in all arithmetics side by side. */
export async function benchKernels(settings: BenchSettings): Promise<void> {
  const { output, tiny } = settings
  const rows = settings.rows ?? (tiny ? [1, 4] : usualRows)
  const place = { rows, rotatedBytes: tiny ? 1 << 18 : 210_000_000, short: tiny }
  const groups = chosenGroups(settings)
  const timers: OpTimer[] = []
  try {
    for (const arithmetic of settings.arithmetics) {
      const backend = await openBackend({ ...settings, arithmetic })
      timers.push(new OpTimer(backend, new Clock(backend, settings.clock), place))
    }
    const [first, ...others] = timers as [OpTimer]
    const { device, arithmetic } = first.backend.info
    output.always({ bench: 'kernels', device, arithmetic })
    output.note(device)
    await new KernelSuite([first, ...others], output).run(groups)
  } finally {
    for (const timer of timers) timer.dispose()
  }
}

/** Every op's groups by the names that `--only` takes; `--shapes` keeps those whose shape has one of its words in it. */
function chosenGroups({ only, dtypes, shapes, contexts, tiny }: BenchSettings): readonly BenchGroup[] {
  const layers = layerShapes(tiny)
  const formats = dtypes ?? ['q4_0', 'q4_k', 'q8_0', 'f16']
  const perFormat = (
    make: (name: string, format: (typeof formats)[number], shape: (typeof layers)[number][1]) => BenchGroup,
  ) =>
    layers.flatMap(([name, shape]) => {
      const fitting = formats.filter((format) => format !== 'q4_k' || shape.hidden % 256 === 0)
      return fitting.map((format) => make(name, format, shape))
    })
  const keys = contexts ?? (tiny ? [32] : [128, 512, 4096, 16384])
  const named: Readonly<Record<string, () => readonly BenchGroup[]>> = {
    linear: () => (tiny ? linearGroups(formats, [[256, 128]]) : linearGroups(formats)),
    qkv: () => perFormat(qkvGroup),
    gatedLinear: () => perFormat(gatedGroup),
    attention: () => layers.flatMap(([name, shape]) => keys.map((context) => attentionGroup(name, shape, context))),
    rmsNorm: () => layers.map(([name, shape]) => rmsNormGroup(name, shape)),
    vocabulary: () => (tiny ? [320] : [49152, 128256]).flatMap((vocab) => vocabularyGroups(vocab)),
  }
  const unknown = only.filter((name) => !(name in named))
  if (unknown.length > 0) throw new Error(`--only ${unknown.join()}: choose of ${Object.keys(named).join(', ')}`)
  const groups = Object.entries(named).flatMap(([name, make]) =>
    only.length === 0 || only.includes(name) ? make() : [],
  )
  return shapes ? groups.filter(({ shape }) => shapes.some((word) => shape.includes(word))) : groups
}
