import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Arithmetic } from '@outrider/core/spec'

/** What `verify` runs on. */
export interface Settings {
  readonly backend: 'webgpu' | 'reference'
  /** Element type of KV caches on WebGPU. */
  readonly cache: 'f16' | 'f32'
  /** How products are computed. */
  readonly arithmetic: Arithmetic
  /** Whether tiles are measured as weights are loaded. */
  readonly tune: boolean
  /** Folder of the embedded model. */
  readonly stories: string
  /** Folder of SmolLM2's reference outputs and draft model, and the GGUF file; null where they are not there. */
  readonly smollm2: { readonly folder: string; readonly gguf: string } | null
  /** Prompts, one JSON object with `turns` a line; null where the file is not there. */
  readonly prompts: string | null
  /** Tokens that `perplexity` predicts; null for its default. */
  readonly tokens: number | null
  /** Suites to run; empty for all. */
  readonly only: readonly string[]
  readonly json: string | null
}

const arithmetics: readonly Arithmetic[] = ['f32', 'i8', 'f16']

const usage = `verify: holds the engine against reference outputs and against itself, on this machine's device.
  --backend webgpu|reference   where to compute (default webgpu)
  --cache f16|f32              how WebGPU keeps keys and values (default f16)
  --arithmetic f32|i8|f16      how products are computed (default f32)
  --tune                       measure tiles as weights are loaded
  --stories DIR                models/stories-5m
  --models DIR                 folder with smollm2-135m-instruct/ and SmolLM2-135M-Instruct.Q4_1.gguf
                               (default $OUTRIDER_MODELS, else ../shared/models)
  --gguf FILE                  the GGUF, where it is not in that folder
  --prompts FILE               spec-bench-240.jsonl (default ../shared/data)
  --tokens N                   what perplexity predicts (default 20000, none on a general processor)
  --only NAME,…                some suites only
  --json FILE                  results as JSON lines`

/** Reads the command line; exits with the usage where it asks for help. */
export function settings(args: readonly string[]): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: text,
      cache: text,
      arithmetic: text,
      tune: { type: 'boolean' },
      stories: text,
      models: text,
      gguf: text,
      prompts: text,
      tokens: text,
      only: text,
      json: text,
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const models = values.models ?? process.env.OUTRIDER_MODELS ?? '../shared/models'
  const folder = join(models, 'smollm2-135m-instruct')
  const gguf = values.gguf ?? join(models, 'SmolLM2-135M-Instruct.Q4_1.gguf')
  const prompts = values.prompts ?? '../shared/data/spec-bench-240.jsonl'
  return {
    backend: values.backend === 'reference' ? 'reference' : 'webgpu',
    cache: values.cache === 'f32' ? 'f32' : 'f16',
    arithmetic: arithmetics.find((name) => name === values.arithmetic) ?? 'f32',
    tune: values.tune ?? false,
    stories: values.stories ?? 'models/stories-5m',
    smollm2: existsSync(gguf) && existsSync(join(folder, 'reference.json')) ? { folder, gguf } : null,
    prompts: existsSync(prompts) ? prompts : null,
    tokens: values.tokens === undefined ? null : Number(values.tokens),
    only: values.only?.split(',') ?? [],
    json: values.json ?? null,
  }
}
