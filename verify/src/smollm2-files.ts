import { existsSync } from 'node:fs'
import { join } from 'node:path'

const name = 'SmolLM2-135M-Instruct.Q4_1.gguf'
const { OUTRIDER_SMOLLM2, OUTRIDER_MODELS = '../shared/models' } = process.env
const folder = join(OUTRIDER_MODELS, 'smollm2-135m-instruct')

/** SmolLM2's file, and the folder of its heads with their reference outputs. Too large for the repository. */
export const smollm2: { readonly gguf: string; readonly folder: string; readonly reference: string } = {
  gguf: OUTRIDER_SMOLLM2 ?? join(OUTRIDER_MODELS, name),
  folder,
  reference: join(folder, 'reference.json'),
}

/** Why tests that need these files of SmolLM2 cannot run, for their title; empty where they can. */
export function skippedWithout(...files: readonly string[]): string {
  const missing = files.find((path) => !existsSync(path))
  if (missing === undefined) return ''
  return ` (skipped: ${missing} is not there: set OUTRIDER_SMOLLM2 to ${name}, and OUTRIDER_MODELS to the folder of smollm2-135m-instruct)`
}
