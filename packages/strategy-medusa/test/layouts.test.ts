import { readFile } from 'node:fs/promises'
import { chain, loadDecoder, openCheckpoint, openTensors } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { ModelProbe } from '../../../verify/src/model-probe'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { parseSafetensors, type SafeTensor } from '../../core/test/support/safetensors-file'
import { type MedusaOptions, medusa } from '../src'
import { int64, rowsOf, storiesHeads, vllmNames, writeHeads } from './checkpoints'

const model = 'models/stories-5m'
const backend = referenceBackend()
const native = await storiesHeads()
const target = parseSafetensors(await readFile(`${model}/model.safetensors`))
const contexts = (await readReference(`${model}/reference.json`)).slice(1, 4)

/** What heads draft after the prompts: for each context the tokens, and the best eight of every head. */
async function drafts(head: string, options: Partial<MedusaOptions> = {}) {
  const probe = await DraftProbe.open({ backend, model, strategy: medusa({ head, ...options }) })
  try {
    const all = []
    for (const { promptIds, greedyIds } of contexts) {
      await probe.start([...promptIds, greedyIds[0] as number])
      all.push(await probe.draft({ nodes: 63, depth: 32 }))
    }
    return all
  } finally {
    await probe.dispose()
  }
}

const checkpoint = await openCheckpoint(model)
const decoder = await loadDecoder(backend, checkpoint, { slots: 128, maxRows: 64 })
await checkpoint.close()
const modelProbe = new ModelProbe(backend, decoder, 128, 64)

afterAll(() => {
  modelProbe.dispose()
  decoder.dispose()
  expect(backend.stats.liveBytes).toBe(0)
})

const expected = await drafts(`${model}/medusa`)

const isLmHead = ({ name }: SafeTensor) => /^(\d+\.\d+|lm_heads\.\d+)\.weight$/.test(name)
const renamed = (tensors: readonly SafeTensor[], from: RegExp, to: string) =>
  tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }))

test('heads in one checkpoint with the target', async () => {
  const merged = await writeHeads([...renamed(native, /^/, 'medusa_head.'), ...target], { medusa_num_heads: 2 })
  expect(await drafts(merged)).toEqual(expected)
})

test('heads in vLLM’s names, with and without its prefix', async () => {
  const named = vllmNames(native)
  expect(await drafts(await writeHeads(named))).toEqual(expected)
  expect(await drafts(await writeHeads(renamed(named, /^/, 'medusa_heads.')))).toEqual(expected)
})

test('some of the heads', async () => {
  const [first] = await drafts(`${model}/medusa`, { tokens: 2 })
  expect(first?.tree.tokens).toEqual(expected[0]?.tree.tokens.slice(0, 2))
})

test('an LM head that all share: their own, or the target’s', async () => {
  const embedding = target.find(({ name }) => name === 'model.embed_tokens.weight') as SafeTensor
  const blocks = native.filter((tensor) => !isLmHead(tensor))
  const wanted = await drafts(
    await writeHeads([...blocks, ...[0, 1, 2].map((i) => ({ ...embedding, name: `${i}.1.weight` }))]),
  )
  expect(wanted).not.toEqual(expected)
  const shared = { original_lm_head: true }
  expect(await drafts(await writeHeads(vllmNames(blocks), shared))).toEqual(wanted)
  const own = [...vllmNames(blocks), { ...embedding, name: 'lm_heads.0.weight' }]
  expect(await drafts(await writeHeads(own, shared))).toEqual(wanted)
})

test('LM heads over some of the tokens', async () => {
  // Every third token, the last first: what is left of the whole heads' ranking, as a probe of all ranks sees it.
  const map = Array.from({ length: 682 }, (_, i) => 2045 - 3 * i)
  const named = vllmNames(native)
  const cut = named.map((tensor) => (isLmHead(tensor) ? rowsOf(tensor, map) : tensor))
  const config = { truncated_vocab_size: map.length, vocab_size: 2048 }
  const found = await drafts(await writeHeads([...cut, int64('token_map', map)], config))
  expect(await drafts(await writeHeads([...named, int64('token_map', map)], config))).toEqual(found)
  for (const [i, { tree, steps }] of found.entries()) {
    expect(tree.tokens).toEqual(steps.map(({ ids }) => map[ids[0] as number]))
    for (const [head, token] of tree.tokens.entries()) {
      const allowed = expected[i]?.steps[head]?.ids.find((id) => map.includes(id))
      if (allowed !== undefined) expect(token).toBe(allowed)
    }
  }
})

test('several blocks a head: stored twice or once, in either layout, and as the formula has it', async () => {
  const again = native.flatMap((tensor) =>
    isLmHead(tensor)
      ? [{ ...tensor, name: tensor.name.replace('.1.', '.2.') }]
      : [tensor, { ...tensor, name: tensor.name.replace('.0.linear', '.1.linear') }],
  )
  const found = await drafts(await writeHeads(again))
  const once = again.filter(({ name }) => !name.includes('.1.linear'))
  expect(await drafts(await writeHeads(once))).toEqual(found)
  expect(await drafts(await writeHeads(vllmNames(again)))).toEqual(found)
  const embedded = vllmNames(again).filter((tensor) => !isLmHead(tensor))
  const shared = await drafts(await writeHeads(embedded, { original_lm_head: true }))
  for (const [i, context] of contexts.entries()) {
    expect(found[i]?.tree.tokens).toEqual(await byFormula(context, 2, (head) => `${head}.1.weight`))
    expect(shared[i]?.tree.tokens).toEqual(await byFormula(context, 2, () => null))
  }
  expect(found).not.toEqual(expected)
})

/** The first choice of each head by x + silu(Wx + b), `blocks` times over, and the LM head's row of the largest product. */
async function byFormula(context: ReferenceContext, blocks: number, lmHead: (head: number) => string | null) {
  await modelProbe.start(context.promptIds)
  const hidden = (await modelProbe.tree(chain([]))).finalHidden[0] as Float32Array
  const [files, base] = [await openTensors(`${model}/medusa`), await openTensors(model)]
  const times = (matrix: Float32Array, x: Float32Array) =>
    Float64Array.from({ length: matrix.length / x.length }, (_, n) =>
      x.reduce((sum, value, k) => sum + value * (matrix[n * x.length + k] as number), 0),
    )
  const tokens: number[] = []
  for (let head = 0; head < 3; head++) {
    const [weight, bias] = [await files.vector(`${head}.0.linear.weight`), await files.vector(`${head}.0.linear.bias`)]
    let x = hidden
    for (let block = 0; block < blocks; block++) {
      const z = times(weight, x).map((value, i) => value + (bias[i] as number))
      x = x.map((value, i) => value + (z[i] as number) / (1 + Math.exp(-(z[i] as number))))
    }
    const name = lmHead(head)
    const logits = times(name ? await files.vector(name) : await base.vector('model.embed_tokens.weight'), x)
    tokens.push(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))))
  }
  await Promise.all([files.close(), base.close()])
  return tokens
}
