import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { OutriderError } from '@outrider/core'

const stories: string = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

/** What `--help` prints. */
export const help: string = `Tells one story several times: plain, then with each strategy. The text must not change.

  --prompt <text>     how the story begins (<|end|> begins one for stories-5m)
  --tokens <n>        most tokens to generate, default 96
  --backend <name>    webgpu or reference, default the best one here
  --model <location>  the target: a folder, a GGUF file, a URL or a Hub id, default models/stories-5m
  --draft <location>  the draft model, default that of stories-5m, none for other targets
  --json              prints the table as one line of JSON and nothing else
  --help              prints this

Environment: NO_COLOR marks drafted tokens with brackets, FORCE_COLOR with colour where there is no terminal.`

/** How the demo runs. */
export interface DemoOptions {
  readonly prompt: string
  readonly tokens: number
  readonly backend: 'webgpu' | 'reference' | null
  readonly model: string
  readonly draft: string | null
  /** Folder with trained heads, which only the embedded model has. */
  readonly heads: string | null
  readonly json: boolean
  readonly help: boolean
}

/** Reads the command line. Throws `INVALID_OPTION`, and parseArgs' own errors. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      prompt: { type: 'string', default: '<|end|>Once upon a time, there was a' },
      tokens: { type: 'string', default: '96' },
      backend: { type: 'string' },
      model: { type: 'string', default: stories },
      draft: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const tokens = Number(values.tokens)
  if (!Number.isInteger(tokens) || tokens < 1)
    throw new OutriderError('INVALID_OPTION', `--tokens must be a whole number of at least 1, not ${values.tokens}`)
  const { backend = null } = values
  if (backend !== null && backend !== 'webgpu' && backend !== 'reference')
    throw new OutriderError('INVALID_OPTION', `--backend must be webgpu or reference, not ${backend}`)
  const draft = values.draft ?? (values.model === stories ? `${stories}/draft` : null)
  return { ...values, tokens, backend, draft, heads: values.model === stories ? stories : null }
}
