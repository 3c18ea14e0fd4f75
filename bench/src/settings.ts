import { parseArgs } from 'node:util'
import type { ClockOptions } from './clock'
import type { DeviceSettings } from './device'
import { Output } from './output'
import { type GeneratedFormat, generatedFormats } from './random-weights'

/** What a benchmark is to run on and how. Where a list is null, the benchmark has its own. */
export interface BenchSettings extends DeviceSettings {
  /** Everything is measured in each of these, one after another; null for the device's default. */
  readonly arithmetics: readonly (string | null)[]
  readonly command: string
  readonly only: readonly string[]
  readonly models: readonly string[] | null
  readonly dtypes: readonly GeneratedFormat[] | null
  readonly rows: readonly number[] | null
  readonly shapes: readonly string[] | null
  readonly contexts: readonly number[] | null
  readonly tokens: number | null
  /** How many prompts there are. */
  readonly prompts: number | null
  /** Expressions as `pnpm compare` takes them, and synthetic drafters. */
  readonly strategies: string | null
  /** A real model in place of generated ones, and where its heads lie. */
  readonly model: string | null
  readonly heads: string | null
  /** Whether shapes and times are so small that a slow machine is soon done: to see that it runs, not how fast. */
  readonly tiny: boolean
  readonly clock: ClockOptions
  readonly output: Output
}

/** How products may be computed, where the device can: it says what it does not know. */
const arithmeticWords: readonly string[] = ['f32', 'i8', 'f16', 'fastest']

/** How the command line is used. */
export const usage = `bench COMMAND: measures the engine on this machine's device.
  kernels                      every op by itself, over shapes, rows and formats
  decode                       whole models with random weights: plain tokens/s, verify cost v(m), prefill, memory
  round                        what a round of each strategy submits, reads and takes
  end-to-end                   generations against plain decoding, with drafters of known acceptance
  tiles                        which ways of cutting products make whole passes fastest
  --models NAME,…              1b, 8b, smollm2, tiny (default 1b): shapes with random weights
  --dtypes FORMAT,…            ${generatedFormats.join(', ')}
  --rows N,…                   rows of a pass
  --only NAME,…                kernels: linear, qkv, gatedLinear, attention, rmsNorm, vocabulary
  --shapes WORD,…              kernels: shapes with one of these words in them (4096x14336, 8b)
  --contexts N,…               committed positions
  --tokens N                   tokens that are generated (default 128)
  --strategies LIST            round, end-to-end: as pnpm compare takes them, and synthetic:p=0.8;tokens=5,
                               syntheticDevice:p=0.8;tokens=5, adaptive(synthetic:p=0.8;tokens=15)
  --prompts N                  end-to-end: prompts of random tokens (default 8)
  --model PATH, --heads PATH   round, end-to-end: a real model in place of a generated one, and the folder of its heads
  --backend webgpu|reference   where to compute (default webgpu)
  --arithmetic NAME,…          ${arithmeticWords.join(', ')}, one after another (default: the device's)
  --tune                       measure tiles as weights are loaded
  --warm-up MS                 of each program before it is timed (default 500)
  --quick                      less warm-up, fewer samples
  --tiny                       tiny shapes, to see that it runs
  --json FILE                  results as JSON lines, appended`

/** Reads the command line; null where it asks for help. Throws an error that says what is wrong with it. */
export function settings(args: readonly string[], write: (text: string) => void): BenchSettings | null {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      models: text,
      dtypes: text,
      rows: text,
      only: text,
      shapes: text,
      contexts: text,
      tokens: text,
      prompts: text,
      strategies: text,
      model: text,
      heads: text,
      backend: text,
      arithmetic: text,
      tune: flag,
      'warm-up': text,
      quick: flag,
      tiny: flag,
      json: text,
      help: flag,
    },
  })
  const [command] = positionals
  if (values.help || command === undefined) return null
  const { quick = false, tiny = false, backend = 'webgpu' } = values
  if (backend !== 'webgpu' && backend !== 'reference') throw new Error(`--backend ${backend}: webgpu or reference`)
  const warmUpMs = tiny ? 0 : quick ? 100 : 500
  return {
    command,
    backend,
    arithmetic: null,
    tune: values.tune ?? false,
    arithmetics: list(values.arithmetic)?.map(arithmetic) ?? [null],
    only: list(values.only) ?? [],
    models: list(values.models),
    dtypes: list(values.dtypes)?.map(format) ?? null,
    rows: ascending(list(values.rows)?.map((word) => whole('--rows', word))),
    shapes: list(values.shapes),
    contexts: ascending(list(values.contexts)?.map((word) => whole('--contexts', word))),
    tokens: values.tokens === undefined ? null : whole('--tokens', values.tokens),
    prompts: values.prompts === undefined ? null : whole('--prompts', values.prompts),
    strategies: values.strategies ?? null,
    model: values.model ?? null,
    heads: values.heads ?? null,
    tiny,
    clock: {
      warmUpMs: values['warm-up'] === undefined ? warmUpMs : Number(values['warm-up']),
      samples: tiny ? 1 : quick ? 5 : 9,
      enoughMs: tiny ? 0 : 20,
    },
    output: new Output(values.json ?? null, write),
  }
}

function list(value: string | undefined): readonly string[] | null {
  return value === undefined ? null : value.split(',').filter((word) => word !== '')
}

function ascending(values: readonly number[] | undefined): readonly number[] | null {
  return values?.toSorted((a, b) => a - b) ?? null
}

function whole(option: string, word: string): number {
  const value = Number(word)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${option} must be whole numbers above 0, not "${word}"`)
}

function arithmetic(word: string): string {
  if (arithmeticWords.includes(word)) return word
  throw new Error(`--arithmetic ${word}: choose of ${arithmeticWords.join(', ')}`)
}

function format(word: string): GeneratedFormat {
  const found = generatedFormats.find((each) => each === word)
  if (found) return found
  throw new Error(`--dtypes ${word}: choose of ${generatedFormats.join(', ')}`)
}
