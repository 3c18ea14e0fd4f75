import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTensors } from '@outrider/core'
import { dequantise } from '@outrider/core/load'

/** Writes a copy of a model's folder whose tensors are stored in f32, in a temporary folder, and gives its path. */
export async function widenFolder(folder: string): Promise<string> {
  const files = await openTensors(folder)
  const out = await mkdtemp(join(tmpdir(), 'outrider-f32-'))
  const header: Record<string, unknown> = {}
  const parts: Uint8Array[] = []
  let offset = 0
  for (const name of files.names) {
    const shape = files.shape(name)
    const values = shape.length === 1 ? await files.vector(name) : await matrix(files.matrix(name))
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] }
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    offset += values.byteLength
  }
  await files.close()
  const json = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(json.length))
  await writeFile(join(out, 'model.safetensors'), Buffer.concat([size, json, ...parts]))
  for (const name of ['config.json', 'tokenizer.json']) await copyFile(join(folder, name), join(out, name))
  return out
}

async function matrix(source: ReturnType<Awaited<ReturnType<typeof openTensors>>['matrix']>): Promise<Float32Array> {
  const values = new Float32Array(source.shape[0] * source.shape[1])
  dequantise(source.format, await source.rows(0, source.shape[0]), values)
  return values
}
