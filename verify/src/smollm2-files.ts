import { existsSync } from 'node:fs'
import { join } from 'node:path'

const name = 'SmolLM2-135M-Instruct.Q4_1.gguf'
const { OUTRIDER_SMOLLM2, OUTRIDER_MODELS = '../shared/models' } = process.env

/** SmolLM2's file, and the folder of its heads and reference outputs. */
export const smollm2: { readonly gguf: string; readonly folder: string } = {
  gguf: OUTRIDER_SMOLLM2 ?? join(OUTRIDER_MODELS, name),
  folder: join(OUTRIDER_MODELS, 'smollm2-135m-instruct'),
}

const missing = [smollm2.gguf, join(smollm2.folder, 'reference.json')].find((path) => !existsSync(path))

/** Why tests with SmolLM2 cannot run; null where they can. */
export const smollm2Missing: string | null =
  missing === undefined
    ? null
    : `${missing} is not there: set OUTRIDER_SMOLLM2 to ${name}, and OUTRIDER_MODELS to the folder of smollm2-135m-instruct`
