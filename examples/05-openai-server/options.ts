import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseStrategies, type StrategySpec, UsageError } from '@outrider/example-02-compare/strategies'
import { isLoopback } from './access'

const stories: string = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

/** What `--help` prints. */
export const help: string = `Serves a model with OpenAI's API: /v1/chat/completions, /v1/completions, /v1/models, and /metrics for Prometheus.

  --model <location>    a folder, a GGUF file, a URL or a Hub id; default models/stories-5m
  --name <name>         what requests call it; default the last part of the location
  --strategies <list>   as in 02-compare: lookup, draft:tokens=3, eagle3:nodes=15;depth=5, firstOf(lookup,eagle3), …
                        The first decodes requests that name none ("strategy"). Default draft:tokens=3,lookup for
                        stories-5m, lookup for others; plain decoding is always there
  --heads <location>    where draft/, eagle3/, eagle1/, medusa/ and mtp/ lie; default the model's folder
  --begin <text>        chats of a model without a chat template: this text, then what the messages say. Default <|end|>
                        for stories-5m
  --host <host>         where to listen; default 127.0.0.1. Any other than this machine needs a token
  --port <n>            default 8080; 0 for a free one
  --token <token>       what clients have to send as Authorization: Bearer <token>; default $OUTRIDER_TOKEN
  --running <n>         requests that are decoded at a time, default 4: each holds the memory of a session
  --waiting <n>         requests that may wait, default 32; beyond it they get 429 and Retry-After
  --capacity <n>        tokens of a session, prompt and answer together; default the model's positions, 4,096 at most
  --max-rows <n>        rows of the largest verify pass, default 64
  --backend <name>      webgpu or reference, default webgpu
  --once                listens on a free port, asks itself for one answer, prints it with the metrics, and ends
  --help                prints this`

/** How the command runs. */
export interface CommandOptions {
  readonly model: string
  readonly name: string
  readonly strategies: readonly StrategySpec[]
  readonly heads: string
  /** null: through the model's own chat template. */
  readonly begin: string | null
  readonly host: string
  readonly port: number
  readonly token: string | null
  readonly running: number
  readonly waiting: number
  readonly capacity: number | null
  readonly maxRows: number | null
  readonly backend: 'webgpu' | 'reference'
  readonly once: boolean
}

const text = { type: 'string' } as const
const flags = {
  model: text,
  name: text,
  strategies: text,
  heads: text,
  begin: text,
  host: text,
  port: text,
  token: text,
  running: text,
  waiting: text,
  capacity: text,
  'max-rows': text,
  backend: text,
  once: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads the command line; null where it asks for help. Throws `UsageError`. */
export function readOptions(args: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): CommandOptions | null {
  const values = parse(args)
  if (values.help) return null
  const { model = stories, host = '127.0.0.1', once = false } = values
  const own = model === stories
  const token = values.token ?? (environment.OUTRIDER_TOKEN || null)
  checkToken(token, host)
  return {
    model,
    name: values.name ?? basename(model),
    strategies: parseStrategies(values.strategies ?? (own ? 'draft:tokens=3,lookup' : 'lookup')),
    heads: values.heads ?? model,
    begin: values.begin ?? (own ? '<|end|>' : null),
    host,
    port: once ? 0 : (whole('port', values.port, 0) ?? 8080),
    token,
    running: whole('running', values.running) ?? 4,
    waiting: whole('waiting', values.waiting, 0) ?? 32,
    capacity: whole('capacity', values.capacity, 2),
    maxRows: whole('max-rows', values['max-rows']),
    backend: backendOf(values.backend ?? 'webgpu'),
    once,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: args[0] === '--' ? args.slice(1) : [...args], options: flags }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function checkToken(token: string | null, host: string): void {
  if (token === null && !isLoopback(host))
    throw new UsageError(
      `on --host ${host} others reach this server: give --token (or $OUTRIDER_TOKEN), or listen on 127.0.0.1`,
    )
  // What may follow Bearer in a header (RFC 6750).
  if (token !== null && !/^[\w.~+/-]+=*$/.test(token))
    throw new UsageError('--token may hold letters, digits and -._~+/ only, and = at its end')
}

function whole(flag: string, value: string | undefined, least = 1): number | null {
  if (value === undefined) return null
  const number = Number(value)
  if (/^\d+$/.test(value) && Number.isSafeInteger(number) && number >= least) return number
  throw new UsageError(`--${flag} must be a whole number of at least ${least}, not "${value}"`)
}

function backendOf(word: string): CommandOptions['backend'] {
  if (word === 'webgpu' || word === 'reference') return word
  throw new UsageError(`--backend must be webgpu or reference, not "${word}"`)
}
