import { benchDecode } from './decode/command'
import { benchEndToEnd } from './generation/end-to-end-command'
import { benchRound } from './generation/round-command'
import { benchKernels } from './kernels/command'
import { type BenchSettings, settings, usage } from './settings'
import { benchTiles } from './tiles/command'

type Command = (settings: BenchSettings) => Promise<void>

/** Benchmarks by name. */
const commands: Readonly<Record<string, Command>> = {
  kernels: benchKernels,
  decode: benchDecode,
  round: inEach(benchRound),
  'end-to-end': inEach(benchEndToEnd),
  tiles: inEach(benchTiles),
}

/** One arithmetic after another: models take too much memory to stand side by side. */
function inEach(command: Command): Command {
  return async (settings) => {
    for (const arithmetic of settings.arithmetics) await command({ ...settings, arithmetic })
  }
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
    await run(chosen)
    return 0
  } catch (error) {
    write(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 1
  }
}
