import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { folderOf, smallTarget } from './folder-fixture'
import { readHead } from './read-head'
import { readTarget, type Target } from './target'

const stories = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))
const small: Target = { location: '/small', architecture: 'LlamaForCausalLM', layers: 8, hidden: 4, vocab: 16 }

describe('the heads of stories-5m', () => {
  test.each([
    [
      'eagle3',
      {
        layout: 'SafeAILab',
        captures: { stored: [1, 3, 5], top: null, nested: [1, 3, 5] },
        projectionBias: false,
        draftVocabulary: null,
      },
    ],
    ['eagle1', { layout: 'SafeAILab', architecture: 'LlamaForCausalLMEagle', captures: null, projectionBias: true }],
    ['medusa', { layout: 'FasterDecoding', heads: 3, biased: true, biasDeclared: false, ownLmHead: true }],
    ['mtp', { layout: 'DeepSeek-V3', modules: 1 }],
    ['draft', { layout: 'Hugging Face', vocab: 2048 }],
  ])('%s is told by its tensors', async (name, expected) => {
    const target = await readTarget(stories)
    expect(target).toEqual({ location: stories, architecture: 'LlamaForCausalLM', layers: 6, hidden: 256, vocab: 2048 })
    const head = await readHead(`${stories}/${name}`, target)
    expect(head).toMatchObject({ kind: name, location: `${stories}/${name}`, ...expected })
  })
})

describe('other layouts', () => {
  test('EAGLE-3 of speculators, with a draft vocabulary', async () => {
    const folder = folderOf(
      { 'layers.0.hidden_norm.weight': [4], 'fc.weight': [4, 8], d2t: [7] },
      { speculators_model_type: 'eagle3', eagle_aux_hidden_state_layer_ids: [2, 5] },
    )
    expect(await readHead(folder, small)).toMatchObject({
      kind: 'eagle3',
      layout: 'speculators',
      captures: { stored: [2, 5], top: [2, 5], nested: null },
      draftVocabulary: 7,
    })
  })

  test('EAGLE-1 of speculators', async () => {
    const folder = folderOf({ 'transformer.mlp.up_proj.weight': [4, 4], 'fusion_fc.weight': [4, 8] }, {})
    expect(await readHead(folder, small)).toMatchObject({
      kind: 'eagle1',
      layout: 'speculators',
      projectionBias: false,
    })
  })

  test('EAGLE-3 whose names begin with model.', async () => {
    const folder = folderOf({ 'model.midlayer.hidden_norm.weight': [4], 'model.fc.weight': [4, 12] }, {})
    expect(await readHead(folder, small)).toMatchObject({ kind: 'eagle3', layout: 'SafeAILab', captures: null })
  })

  test("Medusa in vLLM's names, that shares the target's LM head", async () => {
    const folder = folderOf(
      { 'blocks.0.layers.0.weight': [4, 4], 'blocks.0.layers.0.bias': [4], 'blocks.1.layers.0.weight': [4, 4] },
      { medusa_fc_bias: true },
    )
    const expected = { kind: 'medusa', layout: 'vLLM', heads: 2, biased: true, biasDeclared: true, ownLmHead: false }
    expect(await readHead(folder, small)).toMatchObject(expected)
  })

  test.each([
    ['MiMo', { 'model.mtp_layers.0.input_proj.weight': [4, 8] }],
    ['Qwen3-Next', { 'mtp.layers.0.input_layernorm.weight': [4], 'mtp.fc.weight': [4, 8] }],
    ['Meta', { 'extra_heads.0.attention.wq.weight': [4, 4] }],
  ])('MTP in the names of %s', async (layout, tensors) => {
    expect(await readHead(folderOf(tensors, {}), small)).toMatchObject({ kind: 'mtp', layout, modules: 1 })
  })
})

describe('refused', () => {
  const eagle = { 'midlayer.hidden_norm.weight': [4], 'fc.weight': [4, 12] }

  test('a folder without config.json', async () => {
    await expect(readHead(folderOf(eagle, null), small)).rejects.toThrow('there is no config.json beside the tensors')
    await expect(readTarget(folderOf(eagle, null))).rejects.toThrow('there is no config.json beside the tensors')
  })

  test('a head of no known kind, with what it has', async () => {
    const folder = folderOf({ 'adapter.lora_A.weight': [4, 4] }, {})
    await expect(readHead(folder, small)).rejects.toThrow(
      'is a head of no known kind (EAGLE, Medusa, MTP, a draft model): its tensors are adapter.lora_A.weight',
    )
  })

  test.each([
    ['EAGLE-3', eagle],
    ['EAGLE-1', { 'layers.0.mlp.up_proj.weight': [4, 4], 'fc.weight': [4, 8] }],
    ['Medusa', { '0.0.linear.weight': [4, 4] }],
    ['MTP', { 'model.layers.8.eh_proj.weight': [4, 8] }],
  ])('%s of another target', async (_, tensors) => {
    const folder = folderOf(tensors, {})
    await expect(readHead(folder, small)).resolves.toBeDefined()
    await expect(readHead(folder, { ...small, hidden: 5 })).rejects.toThrow('was made for another target')
  })

  test('a draft model of another vocabulary', async () => {
    const tensors = { 'model.embed_tokens.weight': [16, 2], 'model.layers.0.mlp.up_proj.weight': [2, 2] }
    await expect(readHead(folderOf(tensors, { vocab_size: 16 }), small)).resolves.toMatchObject({ kind: 'draft' })
    await expect(readHead(folderOf(tensors, { vocab_size: 15 }), small)).rejects.toThrow(
      "has 15 tokens and the target 16: a draft model needs the target's vocabulary",
    )
  })

  test('what the servers do not take, and what is not there', async () => {
    const folder = folderOf(eagle, smallTarget)
    await expect(readHead(`${folder}/model.safetensors`, small)).rejects.toThrow('is a file')
    await expect(readHead('https://example.org/head', small)).rejects.toThrow('is a URL')
    await expect(readHead('./no-such-folder/of/mine', small)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(readTarget(folderOf(eagle, { hidden_size: 4 }))).rejects.toThrow(
      'config.json has no num_hidden_layers',
    )
  })
})
