import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OutriderError } from '../errors'
import { blobSource, bytesSource } from './byte-source'
import { openCheckpoint, openTensors } from './open'

const stories = join(import.meta.dirname, '../../../../models/stories-5m')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-open-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A copy of the target of stories-5m with other values in its config.json, and without some files. */
async function changed(config: object, without: readonly string[] = []): Promise<string> {
  const copy = await mkdtemp(join(folder, 'stories-'))
  for (const name of ['model.safetensors', 'tokenizer.json'])
    if (!without.includes(name)) await cp(join(stories, name), join(copy, name))
  const json = JSON.parse(await readFile(join(stories, 'config.json'), 'utf8')) as object
  await writeFile(join(copy, 'config.json'), JSON.stringify({ ...json, ...config }))
  return copy
}

describe('stories-5m', () => {
  test('opens with its configuration, weights and tokenizer', async () => {
    const checkpoint = await openCheckpoint(stories)
    expect(checkpoint.model).toMatchObject({ architecture: 'llama', layers: 6, hidden: 256, vocab: 2048, tied: true })
    expect(checkpoint.rotaryOrder).toBe('halves')
    expect(checkpoint.names).toHaveLength(56)
    expect(checkpoint.location).toBe(stories)
    const embedding = checkpoint.matrix('model.embed_tokens.weight', [2048, 256])
    expect(embedding.format).toBe('f16')
    expect(await embedding.rows(10, 12)).toHaveLength(2 * 512)
    const norm = await checkpoint.vector('model.norm.weight', 256)
    expect(norm.every((gain) => Number.isFinite(gain))).toBe(true)
    expect((await checkpoint.tokenizer())?.size).toBe(2048)
    await checkpoint.close()
  })

  test('opens by its file, by a file: URL, and with files that are open already', async () => {
    const byFile = await openCheckpoint(join(stories, 'model.safetensors'))
    const byUrl = await openCheckpoint(pathToFileURL(stories).href)
    const picked = await Promise.all(
      ['config.json', 'model.safetensors', 'tokenizer.json'].map(async (name) => {
        const bytes = await readFile(join(stories, name))
        return name.endsWith('.json') ? blobSource(name, new Blob([bytes])) : bytesSource(name, bytes)
      }),
    )
    const inMemory = await openCheckpoint(picked)
    for (const checkpoint of [byFile, byUrl, inMemory]) {
      expect(checkpoint.names).toHaveLength(56)
      expect((await checkpoint.tokenizer())?.encode('<|end|>Once')).toEqual([0, 937])
      await checkpoint.close()
    }
  })

  test.each([
    ['draft', 'model.embed_tokens.weight', [2048, 96]],
    ['eagle1', 'fc.weight', [256, 512]],
    ['eagle3', 'fc.weight', [256, 768]],
    ['medusa', '0.1.weight', [2048, 256]],
    ['mtp', 'model.layers.6.eh_proj.weight', [256, 512]],
  ] as const)('the tensors of %s open by their stored names', async (name, tensor, shape) => {
    const files = await openTensors(join(stories, name))
    expect(files.matrix(tensor, shape).format).toBe('f16')
    expect(files.config).not.toBeNull()
    await files.close()
  })

  test('a folder without a tokenizer has none', async () => {
    const checkpoint = await openCheckpoint(join(stories, 'draft'))
    expect(await checkpoint.tokenizer()).toBeNull()
    await checkpoint.close()
  })

  test('reading a small part reads little', async () => {
    const inner = bytesSource('model.safetensors', await readFile(join(stories, 'model.safetensors')))
    let bytesRead = 0
    const counted = {
      ...inner,
      read: (offset: number, length: number) => {
        bytesRead += length
        return inner.read(offset, length)
      },
    }
    const files = await openTensors([counted])
    await files.matrix('model.embed_tokens.weight').rows(0, 4)
    expect(bytesRead).toBe(8 + 5936 + 4 * 512)
  })
})

describe('errors', () => {
  test('a missing place', async () => {
    await expect(openCheckpoint('./no-such-folder')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(openCheckpoint(join(folder, 'none.gguf'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(openCheckpoint('no model at all')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    // What JavaScript leaves out, under an option's wrong name.
    await expect(openCheckpoint(undefined as never)).rejects.toThrow(/^undefined: there is no such file/)
    await expect(openTensors(undefined as never, {})).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('weights without a configuration', async () => {
    const weights = bytesSource('model.safetensors', await readFile(join(stories, 'model.safetensors')))
    await expect(openCheckpoint([weights])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('a configuration without weights', async () => {
    const copy = await changed({}, ['model.safetensors'])
    await expect(openCheckpoint(copy)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('another architecture, and a head opened as a model', async () => {
    const copy = await changed({ architectures: ['PhiForCausalLM'] })
    await expect(openCheckpoint(copy)).rejects.toMatchObject({ code: 'UNSUPPORTED_ARCHITECTURE' })
    await expect(openCheckpoint(join(stories, 'eagle3'))).rejects.toMatchObject({ code: 'UNSUPPORTED_ARCHITECTURE' })
  })

  test('tensors that the graph would not read', async () => {
    const copy = await changed({ num_hidden_layers: 7 })
    await cp(join(stories, 'mtp/model.safetensors'), join(copy, 'mtp.safetensors'))
    const index = { weight_map: { a: 'model.safetensors', b: 'mtp.safetensors' } }
    await writeFile(join(copy, 'model.safetensors.index.json'), JSON.stringify(index))
    await expect(openCheckpoint(copy)).rejects.toMatchObject({ code: 'UNSUPPORTED_CONFIG' })
    const asModule = await changed({})
    await cp(join(copy, 'mtp.safetensors'), join(asModule, 'mtp.safetensors'))
    await cp(join(copy, 'model.safetensors.index.json'), join(asModule, 'model.safetensors.index.json'))
    const checkpoint = await openCheckpoint(asModule)
    expect(checkpoint.has('model.layers.6.eh_proj.weight')).toBe(true)
    await checkpoint.close()
  })

  test('a cut file', async () => {
    const copy = await changed({})
    const whole = await readFile(join(stories, 'model.safetensors'))
    await writeFile(join(copy, 'model.safetensors'), whole.subarray(0, 5_000_000))
    await expect(openCheckpoint(copy)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  })

  test('a configuration that is no JSON', async () => {
    const copy = await changed({})
    await writeFile(join(copy, 'config.json'), '{"model_type": ')
    await expect(openCheckpoint(copy)).rejects.toMatchObject({ code: 'FILE_MALFORMED' })
  })

  test('a tokenizer with more tokens than the embedding table has rows', async () => {
    const copy = await changed({})
    const json = JSON.parse(await readFile(join(stories, 'tokenizer.json'), 'utf8')) as { added_tokens: object[] }
    json.added_tokens.push({ id: 2048, content: '<|more|>', special: true })
    await writeFile(join(copy, 'tokenizer.json'), JSON.stringify(json))
    const checkpoint = await openCheckpoint(copy)
    await expect(checkpoint.tokenizer()).rejects.toMatchObject({ code: 'TOKENIZER_MISMATCH' })
    await checkpoint.close()
  })

  test('a missing tensor and a wrong shape', async () => {
    const checkpoint = await openCheckpoint(stories)
    const use = (code: string) => expect.objectContaining({ code })
    expect(() => checkpoint.matrix('lm_head.weight')).toThrow(use('TENSOR_MISSING'))
    expect(() => checkpoint.matrix('model.embed_tokens.weight', [2048, 128])).toThrow(use('TENSOR_SHAPE'))
    await checkpoint.close()
  })

  test('an aborted signal', async () => {
    const opening = openCheckpoint(stories, { signal: AbortSignal.abort() })
    await expect(opening).rejects.toSatisfy((error) => OutriderError.is(error, 'ABORTED'))
  })
})

test('what fails to open leaves no file open', async () => {
  const closed: string[] = []
  const cut = bytesSource('model.safetensors', (await readFile(join(stories, 'model.safetensors'))).subarray(0, 5000))
  const source = {
    ...cut,
    close: async () => {
      closed.push(cut.name)
    },
  }
  await expect(openTensors([source])).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  expect(closed).toEqual(['model.safetensors'])
})
