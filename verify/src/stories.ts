import { join } from 'node:path'
import { type Backend, createEngine, loadDecoder, openCheckpoint } from '@outrider/core'
import { checkBits, checkFirstStep, checkGreedy, checkSameTokens, toleranceFor } from './checks'
import { measureDecode } from './measure'
import { type ReferenceContext, readReference } from './reference'
import type { Run } from './run'
import { everyStrategy } from './strategies'

/** Layers whose inputs the reference outputs hold. */
const captured = [1, 3, 5]

/** The embedded model: reference outputs, equal bits, equal tokens. `name` says how its weights are stored. */
export async function verifyStories(run: Run, backend: Backend, folder: string, name: string): Promise<void> {
  const contexts = await readReference(join(folder, 'reference.json'))
  await verifyStoriesWeights(run, backend, folder, name, contexts, folder)
}

/** The same for a folder with the same weights in another storage; `heads` is the folder that holds its heads. */
export async function verifyStoriesWeights(
  run: Run,
  backend: Backend,
  folder: string,
  name: string,
  contexts: readonly ReferenceContext[],
  heads: string,
): Promise<void> {
  const reference = backend.info.name === 'reference'
  const checkpoint = await openCheckpoint(folder)
  const model = await loadDecoder(backend, checkpoint, { slots: 512, maxRows: 256 })
  await checkpoint.close()
  // Keys and values in f16 move a hidden state by about a thousandth, factors of products in f16 by up to four.
  const tolerance = toleranceFor(backend.info, [2e-3, 5e-3, 8e-3])
  await run.check(`${name}: first step and hidden states`, () =>
    checkFirstStep(backend, model, contexts, captured, tolerance),
  )
  const prompt = contexts.map(({ promptIds }) => promptIds).reduce((a, b) => (b.length > a.length ? b : a))
  await run.check(`${name}: bits of a row alone and in passes of 2 to 256 rows`, () =>
    checkBits(backend, model, prompt),
  )
  model.dispose()

  const engine = await createEngine({
    backend,
    model: folder,
    capacity: 256,
    strategies: everyStrategy(heads, model.config.layers),
  })
  try {
    await run.check(`${name}: self-check of the device`, async () => ({
      faults: engine.exact ? [] : ['the bits of a row depend on the size of its pass'],
      note: backend.info.device,
    }))
    const ties = reference ? 'exact' : 'near ties may differ'
    await run.check(`${name}: greedy ids`, () => checkGreedy(engine, contexts, 64, ties))
    await run.check(`${name}: same tokens under every strategy`, () =>
      checkSameTokens(
        engine,
        contexts.map(({ promptIds }) => promptIds),
        engine.strategies.slice(1),
        128,
      ),
    )
    for (const strategy of engine.strategies)
      run.report(`${name}, ${strategy}`, await measureDecode(engine, prompt, strategy, 128))
  } finally {
    await engine.dispose()
  }
}
