import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { heads as headNames } from './strategy-build'
import { parseStrategies, type StrategySpec } from './strategy-spec'
import { UsageError } from './usage-error'

const stories: string = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

/** What `--help` prints. */
export const help: string = `Decodes prompts with several strategies in turn and reports what each one changed: the speed, never the text.

  --model <location>    the target: a folder, a GGUF file, a URL or a Hub id; default models/stories-5m
  --heads <location>    where eagle3/, eagle1/, medusa/, mtp/ and draft/ lie; default the model's folder
                        (SmolLM2's GGUF: ../shared/models/smollm2-135m-instruct, or that folder in $OUTRIDER_MODELS)
  --strategies <list>   default plain, lookup and every head that is there. Separated by commas:
                          lookup:tokens=5;on=host         suffix:nodes=15       draft:tokens=4   draft:branches=3.2.1
                          eagle3:tokens=4                 eagle3:nodes=15;depth=5;topK=4 (a dynamic tree)   eagle1:…
                          medusa   medusa:nodes=15   medusa:grown=15;depth=3 (a dynamic tree)       mtp:tokens=3
                          earlyExit:layer=4;tokens=3 (the target's first layers draft)   any head: head=<its own location>
                          firstOf(lookup,eagle3)          merged(lookup,eagle3:tokens=3)         adaptive(eagle3)
                        (quote the list: the shell has its own ideas about ; and parentheses)
  --prompts <file>      a JSON object a line: "prompt" (text as it is), "turns" (the first, through the chat template) or
                        "ids"; and if you like "name" and "category". Default: four beginnings of stories
  --limit <n>           so many of the prompts, spread evenly over the file
  --max-tokens <n>      tokens to generate for each prompt, default 128
  --repeats <n>         how often each strategy decodes each prompt, default 1
  --capacity <n>        tokens that a session can hold, default the model's positions, 4,096 at most
  --max-rows <n>        rows of the largest verify pass, default 64
  --cost                measures what verify passes of every size cost also on a software device
  --backend <name>      webgpu or reference, default webgpu
  --arithmetic <name>   how products of quantised weights are computed: f32 (default), i8, f16 or fastest
  --baselines <list>    arithmetics whose plain decoding is timed too, in turn with the strategies: f32,f16. Each loads the
                        model once more; strategies are held against the fastest plain decoding
  --cache <type>        how WebGPU keeps keys and values: f16 or f32, default f16
  --json <file>         writes the report as JSON; - writes it to the output, and the table to stderr
  --markdown <file>     writes the tables as Markdown
  --html <file>         writes one page that needs nothing else: verdicts, charts, tables, machine, versions, this command
  --from <file>         measures nothing: takes what --json wrote, for the table, --markdown and --html
  --help                prints this

Exit code 1 where a strategy or a baseline failed, or a strategy gave other tokens than plain decoding on a device that is
exact; 2 for a command line that cannot be read.`

const arithmetics = ['f32', 'i8', 'f16', 'fastest'] as const

/** An arithmetic, or a backend's choice of one. */
export type ArithmeticName = (typeof arithmetics)[number]

/** How the command runs. */
export interface CommandOptions {
  readonly model: string
  /** null where none is known. */
  readonly heads: string | null
  readonly strategies: readonly StrategySpec[]
  /** null: those that come with the example. */
  readonly prompts: string | null
  /** What stands before the example's own prompts. */
  readonly begin: string
  readonly limit: number
  readonly maxTokens: number
  readonly repeats: number
  readonly capacity: number | null
  readonly maxRows: number | null
  readonly cost: boolean
  readonly backend: 'webgpu' | 'reference'
  readonly arithmetic: ArithmeticName
  /** Others than `arithmetic`, each once. */
  readonly baselines: readonly ArithmeticName[]
  readonly cache: 'f16' | 'f32'
  readonly json: string | null
  readonly markdown: string | null
  readonly html: string | null
  /** A report in JSON to show in place of measuring. */
  readonly from: string | null
}

const text = { type: 'string' } as const
const flags = {
  model: text,
  heads: text,
  strategies: text,
  prompts: text,
  limit: text,
  'max-tokens': text,
  repeats: text,
  capacity: text,
  'max-rows': text,
  cost: { type: 'boolean' },
  backend: text,
  arithmetic: text,
  baselines: text,
  cache: text,
  json: text,
  markdown: text,
  html: text,
  from: text,
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads the command line; null where it asks for help. Throws `UsageError`. */
export function readOptions(args: readonly string[]): CommandOptions | null {
  const values = parse(args)
  if (values.help) return null
  const model = values.model ?? stories
  const heads = values.heads ?? headsOf(model)
  const strategies = parseStrategies(values.strategies ?? defaultStrategies(heads))
  const arithmetic = oneOf('arithmetic', values.arithmetic ?? 'f32', arithmetics)
  return {
    model,
    heads,
    strategies,
    prompts: values.prompts ?? null,
    begin: model === stories ? '<|end|>' : '',
    limit: whole('limit', values.limit) ?? Number.POSITIVE_INFINITY,
    maxTokens: whole('max-tokens', values['max-tokens'], 2) ?? 128,
    repeats: whole('repeats', values.repeats) ?? 1,
    capacity: whole('capacity', values.capacity, 2),
    maxRows: whole('max-rows', values['max-rows']),
    cost: values.cost ?? false,
    backend: oneOf('backend', values.backend ?? 'webgpu', ['webgpu', 'reference']),
    arithmetic,
    baselines: baselinesOf(arithmetic, values.baselines),
    cache: oneOf('cache', values.cache ?? 'f16', ['f16', 'f32']),
    json: values.json ?? null,
    markdown: values.markdown ?? null,
    html: values.html ?? null,
    from: values.from ?? null,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: args[0] === '--' ? args.slice(1) : [...args], options: flags }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** The first folder with heads: the model's own, that of its file, SmolLM2's; null where there is none. */
function headsOf(model: string): string | null {
  const { OUTRIDER_MODELS = '../shared/models' } = process.env
  const smollm2 = /smollm2-135m-instruct/i.test(basename(model)) ? [join(OUTRIDER_MODELS, 'smollm2-135m-instruct')] : []
  return [model, dirname(model), ...smollm2].find((folder) => found(folder).length > 0) ?? null
}

function found(folder: string): readonly string[] {
  return headNames.filter((name) => existsSync(join(folder, name, 'config.json')))
}

function defaultStrategies(heads: string | null): string {
  return ['plain', 'lookup', ...(heads === null ? [] : found(heads))].join(',')
}

function baselinesOf(arithmetic: ArithmeticName, list: string | undefined): readonly ArithmeticName[] {
  const names = (list?.split(',') ?? []).map((name) => oneOf('baselines', name.trim(), arithmetics))
  names.forEach((name, place) => {
    if (name === arithmetic)
      throw new UsageError(`--baselines must name other arithmetics than the run's own, which is ${name}`)
    if (names.indexOf(name) < place) throw new UsageError(`--baselines names ${name} twice`)
  })
  return names
}

function whole(flag: string, value: string | undefined, least = 1): number | null {
  if (value === undefined) return null
  const number = Number(value)
  if (Number.isInteger(number) && number >= least) return number
  throw new UsageError(`--${flag} must be a whole number of at least ${least}, not "${value}"`)
}

function oneOf<Word extends string>(flag: string, value: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === value)
  if (word) return word
  throw new UsageError(`--${flag} must be ${words.join(' or ')}, not "${value}"`)
}
