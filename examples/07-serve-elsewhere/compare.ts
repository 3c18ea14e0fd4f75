import { type Backend, createEngine, OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { builtInPrompts, fitPrompts, readPrompts, spreadOver } from '@outrider/example-02-compare/prompts'
import { buildStrategy, parseStrategies, UsageError } from '@outrider/example-02-compare/strategies'
import { webgpu } from '@outrider/kernels'
import { compareWith } from './compare-endpoint'
import { comparisonText } from './comparison-text'
import { Endpoint } from './endpoint'
import { servedModel } from './served-model'

/** How an endpoint and the engine here are compared. */
export interface CompareOptions {
  readonly endpoint: string
  /** The endpoint's name for the model; null: its only one. */
  readonly served: string | null
  readonly apiKey: string
  readonly model: string
  readonly heads: string
  /** A strategy as `pnpm compare` writes it, or `plain`. */
  readonly strategy: string
  /** null: those that come with `02-compare`. */
  readonly prompts: string | null
  /** What stands before those. */
  readonly begin: string
  readonly limit: number
  readonly maxTokens: number
  readonly capacity: number | null
  readonly backend: 'webgpu' | 'reference'
}

/** Compares an endpoint with the engine here. Throws `UsageError`, `EndpointError`, and what loading and generating throw. */
export async function compareText(options: CompareOptions, note: (text: string) => void): Promise<string> {
  const [spec, ...more] = parseStrategies(options.strategy)
  if (!spec || more.length > 0) throw new UsageError(`--strategy takes one strategy, not "${options.strategy}"`)
  const strategies = spec.name === 'plain' ? [] : [buildStrategy(spec, options.heads)]
  const lines = options.prompts === null ? builtInPrompts(options.begin) : await readPrompts(options.prompts)
  // Before a model is loaded for an endpoint that is not there.
  const endpoint = new Endpoint(options.endpoint, options.apiKey)
  const served = servedModel(await endpoint.models(), options.served, options.model)
  const backend: Backend = options.backend === 'reference' ? referenceBackend() : await webgpu()
  try {
    const { model, maxTokens, capacity } = options
    const engine = await createEngine({ backend, model, strategies, ...(capacity !== null && { capacity }) })
    try {
      const { tokenizer } = engine
      if (!tokenizer)
        throw new OutriderError('TOKENIZER_MISSING', 'texts are compared, and this model came without a tokenizer')
      const { prompts, tooLong } = fitPrompts(engine, spreadOver(lines, options.limit), maxTokens)
      if (tooLong.length > 0) note(`left out, too long with ${maxTokens} more tokens: ${tooLong.join(', ')}`)
      if (prompts.length === 0) throw new UsageError('no prompt is left: lower --tokens or raise --capacity')
      const comparison = await compareWith({
        ...{ endpoint, served, engine, tokenizer, maxTokens },
        strategy: spec.text,
        prompts: prompts.map(({ name, prompt }) => ({ name, ids: prompt })),
      })
      return comparisonText(comparison, {
        ...{ url: endpoint.url, served },
        ...{ strategy: spec.text, device: backend.info.device },
      })
    } finally {
      await engine.dispose()
    }
  } finally {
    backend.dispose()
  }
}
