import { join } from 'node:path'
import type { Backend } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { tuner, webgpu } from '@outrider/kernels'
import { verifyConstrained } from './constrained'
import { verifyHeads } from './heads'
import { verifyLoss } from './loss'
import { verifyPerplexity } from './perplexity'
import { readReference } from './reference'
import { Run } from './run'
import { verifySampling } from './sampling'
import { settings } from './settings'
import { verifySmolLm2 } from './smollm2'
import { soak } from './soak'
import { verifyStories, verifyStoriesWeights } from './stories'
import { verifyStructured } from './structured'
import { widenFolder } from './widen'

const chosen = settings(process.argv.slice(2))
const open = async (arithmetic = chosen.arithmetic): Promise<Backend> =>
  chosen.backend === 'reference'
    ? referenceBackend({ arithmetic })
    : webgpu({ cacheType: chosen.cache, arithmetic, ...(chosen.tune && { tune: tuner() }) })
const backend = await open()
const run = new Run(chosen.json)
run.report('device', { ...backend.info })

/** Suites by name, in order. */
const suites: Readonly<Record<string, () => Promise<void>>> = {
  stories: () => verifyStories(run, backend, chosen.stories, 'stories-5m f16'),
  'stories-f32': async () => {
    const contexts = await readReference(join(chosen.stories, 'reference.json'))
    const wide = chosen.backend === 'reference' ? referenceBackend() : await webgpu({ cacheType: 'f32' })
    const folder = await widenFolder(chosen.stories)
    await verifyStoriesWeights(run, wide, folder, 'stories-5m f32', contexts, chosen.stories)
    wide.dispose()
  },
  sampling: () => verifySampling(run, backend, chosen.stories),
  constrained: () => verifyConstrained(run, backend, chosen.stories),
  structured: () => verifyStructured(run, backend, chosen.stories, chosen.smollm2 ? [chosen.smollm2.gguf] : []),
  smollm2: async () => {
    if (chosen.smollm2) await verifySmolLm2(run, backend, chosen.smollm2, chosen.prompts)
    else
      console.log(
        'skipped smollm2: no SmolLM2-135M-Instruct.Q4_1.gguf and reference.json found; see --models and --gguf',
      )
  },
  perplexity: async () => {
    const { smollm2, prompts } = chosen
    if (!smollm2 || !prompts) return console.log('skipped perplexity: it needs the GGUF and the prompts')
    const tokens = chosen.tokens ?? (backend.info.software ? 0 : 20_000)
    if (tokens === 0) return console.log('skipped perplexity: on a general processor it wants --tokens N')
    await verifyPerplexity(run, open, {
      gguf: smollm2.gguf,
      prompts,
      tokens,
      arithmetic: chosen.arithmetic === 'f32' ? 'i8' : chosen.arithmetic,
    })
  },
  heads: () => {
    const { stories } = chosen
    return verifyHeads(run, backend, { name: 'stories-5m', model: stories, heads: stories, counts: true, share: 0.02 })
  },
  'smollm2-heads': async () => {
    if (!chosen.smollm2) return console.log('skipped smollm2-heads: as smollm2')
    const { gguf, folder } = chosen.smollm2
    const counts = !backend.info.software
    await verifyHeads(run, backend, { name: 'SmolLM2', model: gguf, heads: folder, counts, share: 0.02 })
  },
  soak: () =>
    run.check('soak: 1,000 sessions that end at random moments', () =>
      soak(backend, { model: chosen.stories, sessions: 1000, lanes: 4, maxTokens: 24, keepSessions: 0 }),
    ),
  loss: () => verifyLoss(run, () => open(), chosen.stories),
}

for (const [name, suite] of Object.entries(suites)) {
  if (chosen.only.length > 0 && !chosen.only.includes(name)) continue
  await run.check(`${name}: ran through`, async () => {
    await suite()
    return { faults: [], note: 'done' }
  })
}
await run.check('memory', async () => ({
  faults: backend.stats.liveBytes === 0 ? [] : [`${backend.stats.liveBytes} bytes are still held`],
  note: `peak ${backend.stats.peakBytes} bytes, ${backend.stats.liveBytes} left`,
}))
backend.dispose()
console.log(`${run.passed} passed, ${run.failed} failed`)
process.exit(run.failed > 0 ? 1 : 0)
