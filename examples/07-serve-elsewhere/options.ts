import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { UsageError } from '@outrider/example-02-compare/strategies'
import type { CommandsOptions } from './commands'
import type { CompareOptions } from './compare'

const stories: string = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

/** What `--help` prints. */
export const help: string = `Serves the same model with the same head elsewhere, and compares that with the engine here.

commands   writes how vLLM and SGLang are started, and what becomes of each setting
  --target <folder>     the model: a folder with config.json and safetensors, or a Hub id; default models/stories-5m
  --head <folder>       EAGLE, Medusa, MTP or a draft model, told apart by its tensors; without it both servers look up in the
                        text. Default with the default target: its eagle3/
  --steps <n>           tokens of a chain, levels of a tree; default the strategy's own
  --topk <n>            choices a node of an EAGLE tree; default 1, a chain, or 4 with --nodes
  --nodes <n>           nodes that are verified
  --gpus <n>            GPUs that share the target, default 1
  --port <n>            default 8000 for vLLM, 30000 for SGLang
  --write <folder>      writes copies of the head with the config.json that a server needs, where it needs another

compare    runs the same prompts greedily on an endpoint and here, one after the other
  --endpoint <url>      the base URL, as http://localhost:8000/v1. A key goes into OPENAI_API_KEY
  --served <name>       the endpoint's name for the model; default its only one, where that is like the model's
  --model <location>    the model here, default models/stories-5m; --heads <location>: where its heads lie, default the model's folder
  --strategy <one>      who drafts here: plain, lookup, eagle3:nodes=15;depth=5;topK=4, … as in pnpm compare; default eagle3
                        where the heads have it, else lookup
  --prompts <file>      a JSON object a line with "prompt", "turns" or "ids"; default four beginnings of stories
  --limit <n>           so many of the prompts, spread evenly over the file
  --tokens <n>          tokens to generate for each prompt, default 64
  --capacity <n>        tokens that a session here can hold
  --backend <name>      webgpu or reference, default webgpu

Without arguments it writes the commands for stories-5m with its EAGLE-3 head. Exit code 2 for a command line, a folder or a model
that cannot be used, 1 for an endpoint that fails.`

/** What is to be done; null to print the help. */
export type Asked =
  | { readonly name: 'commands'; readonly options: CommandsOptions }
  | { readonly name: 'compare'; readonly options: CompareOptions }
  | null

const text = { type: 'string' } as const
const asHelp = { help: { type: 'boolean', short: 'h' } } as const
const flags = {
  commands: {
    target: text,
    head: text,
    steps: text,
    topk: text,
    nodes: text,
    gpus: text,
    port: text,
    write: text,
    ...asHelp,
  },
  compare: {
    ...{ endpoint: text, served: text, model: text, heads: text, strategy: text, prompts: text },
    ...{ limit: text, tokens: text, capacity: text, backend: text, ...asHelp },
  },
} as const

/** Reads the command line. Throws `UsageError`. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Asked {
  const [first, ...rest] = args[0] === '--' ? args.slice(1) : args
  if (first === '--help' || first === '-h') return null
  if (first === undefined) return commands([])
  if (first === 'commands') return commands(rest)
  if (first === 'compare') return compare(rest, environment)
  throw new UsageError(`"${first}" is neither commands nor compare: see --help`)
}

function commands(args: readonly string[]): Asked {
  const values = parsed(() => parseArgs({ args: [...args], options: flags.commands }).values)
  if (values.help) return null
  const { target = stories } = values
  return {
    name: 'commands',
    options: {
      target,
      head: values.head ?? (values.target === undefined ? join(stories, 'eagle3') : null),
      shape: {
        steps: whole('steps', values.steps),
        topK: whole('topk', values.topk),
        nodes: whole('nodes', values.nodes),
      },
      gpus: whole('gpus', values.gpus) ?? 1,
      port: whole('port', values.port),
      write: values.write ?? null,
    },
  }
}

function compare(args: readonly string[], environment: NodeJS.ProcessEnv): Asked {
  const values = parsed(() => parseArgs({ args: [...args], options: flags.compare }).values)
  if (values.help) return null
  const { endpoint, model = stories, backend = 'webgpu' } = values
  if (endpoint === undefined || !URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw new UsageError(
      `--endpoint must be the base URL of a server, as http://localhost:8000/v1, not "${endpoint ?? ''}"`,
    )
  if (backend !== 'webgpu' && backend !== 'reference')
    throw new UsageError(`--backend must be webgpu or reference, not "${backend}"`)
  const heads = values.heads ?? model
  return {
    name: 'compare',
    options: {
      endpoint,
      served: values.served ?? null,
      // The client asks for one, servers without keys take any.
      apiKey: environment.OPENAI_API_KEY ?? 'none',
      model,
      heads,
      strategy: values.strategy ?? (existsSync(join(heads, 'eagle3', 'config.json')) ? 'eagle3' : 'lookup'),
      prompts: values.prompts ?? null,
      // It begins every story of stories-5m.
      begin: model === stories ? '<|end|>' : '',
      limit: whole('limit', values.limit) ?? Number.POSITIVE_INFINITY,
      maxTokens: whole('tokens', values.tokens) ?? 64,
      capacity: whole('capacity', values.capacity),
      backend,
    },
  }
}

function parsed<Values>(parse: () => Values): Values {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function whole(flag: string, value: string | undefined): number | null {
  if (value === undefined) return null
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1) return number
  throw new UsageError(`--${flag} must be a whole number of at least 1, not "${value}"`)
}
