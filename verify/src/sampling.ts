import { join } from 'node:path'
import { type Backend, createEngine, type Engine, type GenerateOptions } from '@outrider/core'
import type { CheckResult } from './checks'
import { readReference } from './reference'
import type { Run } from './run'
import { filters, optionsOf, seeds, temperatures } from './sampling-matrix'
import { everyStrategy } from './strategies'

/** Layers of stories-5m. */
const layers = 6
const tokens = 128

/** Every strategy at every temperature, with every filter and seed, on the embedded model: ids of plain decoding with the same seed. */
export async function verifySampling(run: Run, backend: Backend, folder: string): Promise<void> {
  const contexts = await readReference(join(folder, 'reference.json'))
  const prompts = contexts.map(({ promptIds }) => promptIds)
  const engine = await createEngine({
    backend,
    model: folder,
    capacity: 256,
    strategies: everyStrategy(folder, layers),
  })
  try {
    for (const temperature of temperatures)
      for (const filter of Object.keys(filters))
        await run.check(`stories-5m sampled at ${temperature}, ${filter}: same tokens under every strategy`, () =>
          checkSampled(engine, {
            strategies: engine.strategies.slice(1),
            tokens,
            runs: seeds.map((seed) => ({
              prompt: prompts[seed % prompts.length] as readonly number[],
              options: optionsOf({ temperature, filter, seed }),
            })),
          }),
        )
  } finally {
    await engine.dispose()
  }
}

/** What is compared with plain decoding. */
export interface SampledCheck {
  readonly strategies: readonly string[]
  readonly tokens: number
  readonly runs: readonly { readonly prompt: readonly number[]; readonly options: GenerateOptions }[]
}

/** Ids of each strategy against those of plain decoding with the same options and seed, token for token. */
export async function checkSampled(engine: Engine, { strategies, tokens, runs }: SampledCheck): Promise<CheckResult> {
  const faults: string[] = []
  const lengths = new Map<string, number>()
  for (const { prompt, options } of runs) {
    const request = { ...options, maxTokens: tokens, ignoreEos: true }
    const plain = await engine.complete(prompt, request)
    for (const strategy of strategies) {
      const { ids, stats } = await engine.complete(prompt, { ...request, strategy })
      lengths.set(strategy, (lengths.get(strategy) ?? 0) + stats.meanAcceptanceLength / runs.length)
      const at = plain.ids.findIndex((id, i) => ids[i] !== id)
      if (at >= 0 || ids.length !== plain.ids.length)
        faults.push(`${strategy}, ${JSON.stringify(options)}: token ${at} is ${ids[at]}, plain has ${plain.ids[at]}`)
    }
  }
  const summary = [...lengths].map(([name, mean]) => `${name} ${mean.toFixed(2)}`).join(', ')
  return { faults, note: `${runs.length} seeds, ${tokens} tokens; mean acceptance length: ${summary}` }
}
