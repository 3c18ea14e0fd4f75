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

/** Runs the benchmark that the command line names, and gives the exit code: 2 where it names none that exists. */
export async function runBench(args: readonly string[], write: (text: string) => void): Promise<number> {
  try {
    const chosen = settings(args, write)
    if (!chosen) {
      write(usage)
      return 0
    }
    const run = commands[chosen.command]
    if (!run) {
      write(`no benchmark "${chosen.command}"\n${usage}`)
      return 2
    }
    for (const arithmetic of chosen.arithmetics) await run({ ...chosen, arithmetic })
    return 0
  } catch (error) {
    write(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 1
  }
}
