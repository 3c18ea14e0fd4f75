import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder with safetensors of zeros in these shapes, and config.json where one is given, until the test ends. */
export function folderOf(tensors: Readonly<Record<string, readonly number[]>>, config: object | null): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-serve-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  let end = 0
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const begin = end
    end += 2 * shape.reduce((product, size) => product * size, 1)
    return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }] as const
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(end)]))
  if (config) writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

/** A target of 4 values, 8 layers and 16 tokens. */
export const smallTarget = { num_hidden_layers: 8, hidden_size: 4, vocab_size: 16 }
