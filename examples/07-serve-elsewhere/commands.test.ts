import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { command } from './command'
import { folderOf, smallTarget } from './folder-fixture'

const stories = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))

async function run(...args: string[]) {
  const said = { result: '', note: '' }
  const code = await command(args, {
    result: (text) => {
      said.result += text
    },
    note: (text) => {
      said.note += text
    },
  })
  return { code, ...said }
}

/** The commands for the head of stories-5m in this folder. */
async function written(head: string | null, ...more: string[]) {
  const heads = head === null ? [] : ['--head', join(stories, head)]
  const { code, result } = await run('commands', '--target', stories, ...heads, ...more)
  expect(code).toBe(0)
  const [title = '', here = '', vllm = '', sglang = '', settings = '', why = ''] = result.split('\n\n')
  return { title, here, vllm, sglang, settings, why }
}

/** Without what is said before the command. */
function pasted(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
}

describe('commands to paste', () => {
  test('EAGLE-3, a chain', async () => {
    const { title, here, vllm, sglang } = await written('eagle3')
    expect(title).toBe('stories-5m with an EAGLE-3 head (eagle3, names of SafeAILab): a chain of 5 tokens')
    expect(here).toBe("Here: --strategy 'eagle3:tokens=5'")
    expect(pasted(vllm)).toBe(
      `vllm serve ${stories} \\
    --port 8000 \\
    --generation-config vllm \\
    --speculative-config '{"method":"eagle3","model":"${stories}/eagle3","num_speculative_tokens":5,"draft_tensor_parallel_size":1}'`,
    )
    expect(pasted(sglang)).toBe(
      `python3 -m sglang.launch_server \\
    --model-path ${stories} \\
    --port 30000 \\
    --enable-metrics \\
    --sampling-defaults openai \\
    --speculative-algorithm EAGLE3 \\
    --speculative-draft-model-path ${stories}/eagle3 \\
    --speculative-num-steps 5 \\
    --speculative-eagle-topk 1 \\
    --speculative-num-draft-tokens 6`,
    )
  })

  test('EAGLE-3, a tree on two GPUs: vLLM gets a chain of its depth, SGLang counts the pending token', async () => {
    const tree = ['--steps', '6', '--topk', '4', '--nodes', '24', '--gpus', '2', '--port', '9000']
    const { here, vllm, sglang } = await written('eagle3', ...tree)
    expect(here).toBe("Here: --strategy 'eagle3:nodes=24;depth=6;topK=4'")
    expect(pasted(vllm)).toBe(
      `vllm serve ${stories} \\
    --port 9000 \\
    --tensor-parallel-size 2 \\
    --generation-config vllm \\
    --speculative-config '{"method":"eagle3","model":"${stories}/eagle3","num_speculative_tokens":6,"draft_tensor_parallel_size":1}'`,
    )
    expect(pasted(sglang)).toContain(`--port 9000 \\
    --tp-size 2 \\
    --enable-metrics \\
    --sampling-defaults openai \\
    --speculative-algorithm EAGLE3 \\
    --speculative-draft-model-path ${stories}/eagle3 \\
    --speculative-num-steps 6 \\
    --speculative-eagle-topk 4 \\
    --speculative-num-draft-tokens 25`)
    expect(sglang).toContain('# - A tree needs --page-size 1')
  })

  test('EAGLE-1', async () => {
    const { vllm, sglang } = await written('eagle1', '--steps', '3')
    expect(vllm).toContain(
      `'{"method":"eagle","model":"${stories}/eagle1","num_speculative_tokens":3,"draft_tensor_parallel_size":1}'`,
    )
    expect(sglang).toContain(`--speculative-algorithm EAGLE \\
    --speculative-draft-model-path ${stories}/eagle1 \\
    --speculative-num-steps 3 \\
    --speculative-eagle-topk 1 \\
    --speculative-num-draft-tokens 4`)
  })

  test('Medusa, for vLLM alone', async () => {
    const { here, vllm, sglang } = await written('medusa', '--nodes', '15')
    expect(here).toBe("Here: --strategy 'medusa:nodes=15'")
    expect(pasted(vllm)).toBe(
      `vllm serve ${stories} \\
    --port 8000 \\
    --generation-config vllm \\
    --speculative-config '{"method":"medusa","model":"${stories}/medusa","num_speculative_tokens":3}'`,
    )
    expect(sglang).toBe(
      '# SGLang: none\n# SGLang has no Medusa: it knows EAGLE, EAGLE3, NEXTN (MTP), STANDALONE and NGRAM.',
    )
  })

  test('MTP modules, for neither where the target is a Llama', async () => {
    const { vllm, sglang } = await written('mtp')
    expect(vllm).toMatch(
      /^# vLLM: none\n# vLLM runs MTP modules of families .* and LlamaForCausalLM is none of them\.$/,
    )
    expect(sglang).toMatch(/^# SGLang: none\n# SGLang runs MTP modules .* LlamaForCausalLM is none of them\.$/)
  })

  test('MTP modules in the folder of a target that both know', async () => {
    const folder = folderOf(
      { 'model.mtp_layers.0.input_proj.weight': [4, 8] },
      { ...smallTarget, architectures: ['MiMoForCausalLM'] },
    )
    const { result } = await run('commands', '--target', folder, '--head', folder, '--steps', '1')
    expect(result).toContain(`--speculative-config '{"method":"mtp","num_speculative_tokens":1}'`)
    expect(result).toContain(`--speculative-algorithm NEXTN \\
    --speculative-num-steps 1 \\
    --speculative-eagle-topk 1 \\
    --speculative-num-draft-tokens 2`)
    expect(result).not.toContain('--speculative-draft-model-path \\')
  })

  test('a draft model', async () => {
    const { vllm, sglang } = await written('draft', '--steps', '4', '--gpus', '2')
    expect(vllm).toContain(
      `'{"method":"draft_model","model":"${stories}/draft","num_speculative_tokens":4,"draft_tensor_parallel_size":2}'`,
    )
    expect(sglang).toContain(`--speculative-algorithm STANDALONE \\
    --speculative-draft-model-path ${stories}/draft \\
    --speculative-num-steps 4 \\
    --speculative-eagle-topk 1 \\
    --speculative-num-draft-tokens 5`)
  })

  test('no head: lookup', async () => {
    const { title, vllm, sglang } = await written(null)
    expect(title).toBe('stories-5m with lookup in the text: a chain of 7 tokens')
    expect(vllm).toContain(
      `'{"method":"ngram","num_speculative_tokens":7,"prompt_lookup_max":3,"prompt_lookup_min":1}'`,
    )
    expect(sglang).toContain(`--speculative-algorithm NGRAM \\
    --speculative-num-draft-tokens 8 \\
    --speculative-ngram-max-bfs-breadth 1`)
  })

  test('without arguments: those of stories-5m with its EAGLE-3 head', async () => {
    const { code, result } = await run()
    expect(code).toBe(0)
    expect(result).toBe((await run('commands', '--target', stories, '--head', `${stories}/eagle3`)).result)
  })

  test('a path with a space and a quote is quoted for the shell', async () => {
    const { shellText } = await import('./launch')
    expect(shellText([['vllm', 'serve', "/models/Ann's model"]])).toBe(`vllm serve '/models/Ann'\\''s model'`)
  })
})

describe('what a server reads otherwise', () => {
  test('captured layers: SGLang counts by what leaves, some releases of vLLM look at the top only', async () => {
    const { vllm, sglang } = await written('eagle3')
    expect(vllm).toContain('"eagle_aux_hidden_state_layer_ids":[1,3,5]')
    expect(vllm).toContain("vLLM's newer model runner looks for them at the top only, and else captures 2, 3, 3")
    expect(sglang).toContain('"eagle_aux_hidden_state_layer_ids":[0,2,4]')
    expect(sglang).toContain('would feed it what enters 2, 4, 6 in place of 1, 3, 5')
  })

  test.each<[string, object, string | null, string | null]>([
    [
      "SpecForge's own choice, by what leaves",
      { eagle_config: { eagle_aux_hidden_state_layer_ids: [1, 3, 4] } },
      '[2,4,5]}; vLLM would capture what enters 1, 3, 4.',
      null,
    ],
    [
      'ids at the top only',
      { eagle_aux_hidden_state_layer_ids: [2, 3, 6] },
      null,
      '[1,2,5]}; SGLang takes ids of eagle_config for what leaves a layer, and would feed it what enters 2, 4, 5 in place of 2, 3, 6.',
    ],
    ['the usual three', { eagle_aux_hidden_state_layer_ids: [2, 4, 5] }, null, null],
    ['no ids', {}, null, null],
  ])('captured layers: %s', async (_, config, forVllm, forSglang) => {
    const tensors = { 'midlayer.hidden_norm.weight': [4], 'fc.weight': [4, 12] }
    const head = folderOf(tensors, { architectures: ['LlamaForCausalLMEagle3'], ...config })
    const { result } = await run('commands', '--target', folderOf({ x: [1] }, smallTarget), '--head', head)
    const [, , vllm, sglang] = result.split('\n\n')
    for (const [text, edit] of [[vllm, forVllm] as const, [sglang, forSglang] as const])
      if (edit === null) expect(text).not.toContain('eagle_aux_hidden_state_layer_ids')
      else expect(text).toContain(edit)
  })

  test('a head of speculators: SGLang wants the layer at the top', async () => {
    const head = folderOf(
      { 'layers.0.hidden_norm.weight': [4], 'fc.weight': [4, 12] },
      {
        speculators_model_type: 'eagle3',
        architectures: ['Eagle3Speculator'],
        transformer_layer_config: { hidden_size: 4 },
      },
    )
    const { result } = await run('commands', '--target', folderOf({ x: [1] }, smallTarget), '--head', head)
    const [, , vllm, sglang] = result.split('\n\n')
    expect(vllm).not.toContain('config.json')
    expect(sglang).toContain('"hidden_size":4; SGLang reads the layer\'s settings at the top')
    expect(sglang).toContain('"architectures":["LlamaForCausalLMEagle3"]')
  })

  test('architectures, biases, shared LM heads', async () => {
    expect((await written('eagle1')).vllm).toContain(
      '"architectures":["LlamaForCausalLM"]; vLLM has no class for LlamaForCausalLMEagle.',
    )
    expect((await written('eagle1')).vllm).toContain('The bias of its fc has no place in vLLM and is passed over')
    expect((await written('eagle1')).sglang).not.toContain('architectures')
    expect((await written('medusa')).vllm).toContain('"medusa_fc_bias":true')
    expect((await written('medusa')).vllm).toContain('0.33.0 has it no more: pip install vllm==0.32.0.')
    const shared = folderOf({ 'blocks.0.layers.0.weight': [4, 4] }, {})
    const target = folderOf({ x: [1] }, smallTarget)
    const { result } = await run('commands', '--target', target, '--head', shared)
    expect(result).toContain("copy the target's there as lm_heads.0.weight")
  })

  test('is written into copies of the head with --write, which the commands then name', async () => {
    const folder = folderOf({ x: [1] }, null)
    const { vllm, sglang } = await written('eagle3', '--write', folder)
    expect(vllm).toContain(`"model":"${folder}/vllm"`)
    expect(sglang).toContain(`--speculative-draft-model-path ${folder}/sglang \\`)
    expect(vllm + sglang).not.toContain('eagle_aux_hidden_state_layer_ids')
    const original = JSON.parse(readFileSync(`${stories}/eagle3/config.json`, 'utf8'))
    const ids = { eagle_aux_hidden_state_layer_ids: [0, 2, 4] }
    expect(JSON.parse(readFileSync(`${folder}/sglang/config.json`, 'utf8'))).toEqual({
      ...original,
      ...ids,
      eagle_config: { ...original.eagle_config, ...ids },
    })
    const [copy, own] = [`${folder}/vllm`, `${stories}/eagle3`].map((at) => readFileSync(`${at}/model.safetensors`))
    expect(copy?.equals(own as Buffer)).toBe(true)
    const again = await run('commands', '--head', `${stories}/eagle3`, '--write', folder)
    expect(again).toMatchObject({ code: 2, note: expect.stringContaining('has a config.json already') })
  })

  test('a head without edits is not copied', async () => {
    const folder = folderOf({ x: [1] }, null)
    await written('draft', '--write', folder)
    expect(existsSync(`${folder}/vllm`)).toBe(false)
  })
})

test('every setting without a counterpart has its reason', async () => {
  for (const head of ['eagle3', 'medusa', 'mtp', 'draft', null]) {
    const { settings, why } = await written(head)
    const rows = settings.split('\n').slice(1)
    expect(rows.length).toBeGreaterThan(8)
    for (const row of rows) if (/\bnone\b/.test(row)) expect(row).toMatch(/\d$/)
    expect(why).toMatch(/^1 {2}\S/)
  }
  const { settings } = await written('eagle3', '--topk', '3')
  expect(settings).toMatch(/^tree\.topK +none +--speculative-eagle-topk +1$/m)
  expect(settings).toMatch(/^acceptance: exact +none +none +\d$/m)
})

describe('a command line that cannot be read', () => {
  test.each([
    [['serve'], '"serve" is neither commands nor compare'],
    [['commands', '--no-such'], '--no-such'],
    [['commands', '--steps', '0'], '--steps must be a whole number of at least 1, not "0"'],
    [['commands', '--head', `${stories}/eagle3`, '--nodes', '9', '--topk', '2', '--steps', '2'], 'draft 6 tokens'],
    [['commands', '--head', `${stories}/medusa`, '--steps', '4'], '3 heads draft the most'],
    [['commands', '--head', `${stories}/draft`, '--topk', '2'], '--topk grows a tree of an EAGLE head; this is draft'],
    [['commands', '--head', `${stories}/mtp`, '--nodes', '2'], 'this is mtp'],
    [['compare'], '--endpoint must be the base URL of a server'],
    [['compare', '--endpoint', 'localhost:8000'], '--endpoint must be the base URL of a server'],
    [['compare', '--endpoint', 'http://localhost:1/v1', '--backend', 'cuda'], '--backend must be webgpu or reference'],
    [['compare', '--endpoint', 'http://localhost:1/v1', '--strategy', 'plain,lookup'], '--strategy takes one'],
    [['compare', '--endpoint', 'http://localhost:1/v1', '--strategy', 'eagel3'], 'no strategy "eagel3"'],
  ])('%j', async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, result: '', note: expect.stringContaining(message) })
  })

  test('help', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, result: expect.stringContaining('--endpoint <url>') })
    expect(await run('compare', '--help')).toMatchObject({
      code: 0,
      result: expect.stringContaining('--head <folder>'),
    })
  })
})
