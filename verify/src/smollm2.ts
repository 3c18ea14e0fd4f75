import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Backend, createEngine, type Engine, loadDecoder, openCheckpoint } from '@outrider/core'
import { type CheckResult, checkBits, checkFirstStep, checkGreedy, checkSameTokens, toleranceFor } from './checks'
import { checkAlongText } from './coarse-checks'
import { measureDecode } from './measure'
import { readReference } from './reference'
import type { Run } from './run'
import { everyStrategy } from './strategies'

/** Layers whose inputs the reference outputs hold. */
const captured = [2, 15, 27]
const capacity = 640

/** A real chat model in Q4_1: reference outputs, equal bits, equal tokens on real prompts, and a sensible answer. */
export async function verifySmolLm2(
  run: Run,
  backend: Backend,
  files: { readonly folder: string; readonly gguf: string },
  promptFile: string | null,
): Promise<void> {
  const contexts = await readReference(join(files.folder, 'reference.json'))
  const reference = backend.info.name === 'reference'
  const checkpoint = await openCheckpoint(files.gguf)
  const model = await loadDecoder(backend, checkpoint, { slots: 512, maxRows: 256 })
  await checkpoint.close()
  const floats = backend.info.arithmetic !== 'i8'
  if (floats)
    // 4.1e-5 with a cache of floats; halves in it, however products are added up, 2e-2.
    await run.check('SmolLM2: first step and hidden states', () =>
      checkFirstStep(backend, model, contexts, captured, toleranceFor(backend.info, [1e-3, 3e-2, 4e-2])),
    )
  else await run.check("SmolLM2: along the reference's text", () => checkAlongText(backend, model, contexts))
  const first = contexts[1] as (typeof contexts)[number]
  if (!reference)
    await run.check('SmolLM2: bits of a row alone and in passes of 2 to 256 rows', () =>
      checkBits(backend, model, first.promptIds),
    )
  model.dispose()

  const engine = await createEngine({
    backend,
    model: files.gguf,
    capacity,
    strategies: everyStrategy(files.folder, model.config.layers),
  })
  try {
    if (floats)
      await run.check('SmolLM2: greedy ids', () =>
        checkGreedy(engine, contexts, reference ? 16 : 64, reference ? 'exact' : 'near ties may differ'),
      )
    if (reference) return
    const prompts = contexts.map(({ promptIds }) => promptIds)
    if (promptFile) prompts.push(...(await realPrompts(engine, promptFile, 12)))
    await run.check('SmolLM2: same tokens under every strategy', () =>
      checkSameTokens(engine, prompts, engine.strategies.slice(1), 128),
    )
    await run.check('SmolLM2: answers a chat', () => chat(engine))
    for (const strategy of engine.strategies)
      run.report(`SmolLM2, ${strategy}`, await measureDecode(engine, first.promptIds, strategy, 128))
  } finally {
    await engine.dispose()
  }
}

/** The first prompts of the file that fit, through the model's chat template. */
async function realPrompts(engine: Engine, file: string, count: number): Promise<readonly (readonly number[])[]> {
  const { tokenizer } = engine
  if (!tokenizer) return []
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  return lines
    .map((line) => (JSON.parse(line) as { turns: readonly string[] }).turns[0] as string)
    .map((content) => tokenizer.encode(tokenizer.chat([{ role: 'user', content }], { generationPrompt: true })))
    .filter((ids) => ids.length <= capacity - 128)
    .slice(0, count)
}

async function chat(engine: Engine): Promise<CheckResult> {
  const session = engine.session({ strategy: 'draft chain' })
  let answer = ''
  try {
    for await (const part of session.send('What is the capital of France?', { maxTokens: 48 })) answer += part.text
  } finally {
    session.dispose()
  }
  return { faults: /Paris/.test(answer) ? [] : ['the answer does not name Paris'], note: JSON.stringify(answer) }
}
