import { type Backend, createEngine, OutriderError } from '@outrider/core'
import type { Run } from './run'

/** A device that goes away in the middle of a generation: the stream ends with DEVICE_LOST, and nothing hangs. */
export async function verifyLoss(run: Run, open: () => Promise<Backend>, folder: string): Promise<void> {
  await run.check('a device lost during generation', async () => {
    const backend = await open()
    const engine = await createEngine({ backend, model: folder, capacity: 128, selfCheck: false })
    let tokens = 0
    let code = 'none'
    try {
      for await (const part of engine.generate([0], { maxTokens: 60, ignoreEos: true })) {
        tokens += part.tokens.length
        if (tokens === 5) backend.dispose()
      }
    } catch (error) {
      code = OutriderError.is(error) ? error.code : String(error)
    }
    await engine.dispose()
    const expected = ['DEVICE_LOST', 'DISPOSED']
    return {
      faults: expected.includes(code) ? [] : [`ended with ${code} after ${tokens} tokens`],
      note: `${code} after ${tokens} tokens`,
    }
  })
}
