import { benchDecode } from './decode/command'
import { benchEndToEnd } from './generation/end-to-end-command'
import { benchRound } from './generation/round-command'
import { benchKernels } from './kernels/command'
import { type BenchSettings, settings, usage } from './settings'

/** Benchmarks by name. */
const commands: Readonly<Record<string, (settings: BenchSettings) => Promise<void>>> = {
  kernels: benchKernels,
  decode: benchDecode,
  round: benchRound,
  'end-to-end': benchEndToEnd,
}

try {
  const chosen = settings(process.argv.slice(2))
  const run = chosen && commands[chosen.command]
  if (chosen && run) await run(chosen)
  else console.log(usage)
  process.exit(chosen && !run ? 2 : 0)
} catch (error) {
  console.error(error instanceof Error ? error.stack : error)
  process.exit(1)
}
