import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll } from 'vitest'
import { type TinyTensor, tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'

const made: string[] = []
afterAll(() => Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true }))))

/** A folder, for as long as the test file runs, with the weights of `model` and a configuration of its first `layers` layers only. */
export async function firstLayers(model: string, layers: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-first-layers-'))
  made.push(folder)
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8')) as Record<string, unknown>
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: layers }))
  await symlink(resolve(model, 'model.safetensors'), join(folder, 'model.safetensors'))
  await cp(join(model, 'tokenizer.json'), join(folder, 'tokenizer.json')).catch(() => undefined)
  return folder
}

/** A tiny model whose layers from `from` on add `share` of what they would: nothing at 0, so that the first ones are always right. */
export function faintFrom(from: number, share: number, seed = 3, layers = 4): Promise<string> {
  const faint = /layers\.(\d+)\.(self_attn\.o_proj|mlp\.down_proj)/
  const edit = (tensors: Map<string, TinyTensor>) => {
    for (const [name, tensor] of tensors)
      if (Number(faint.exec(name)?.[1] ?? -1) >= from) tensor.values = tensor.values.map((value) => value * share)
  }
  return writeTinyModel({ seed, config: { ...tinyConfig, num_hidden_layers: layers }, edit })
}
