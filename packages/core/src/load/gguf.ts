import { OutriderError } from '../errors'
import { type ByteSource, truncated } from './byte-source'
import { blockLayout } from './formats'
import { GgufReader, type GgufValue, needMore } from './gguf-reader'
import { ggufType } from './gguf-types'
import type { StoredTensor } from './stored-tensors'

/** What a GGUF says about itself, and its tensors by their own names (`blk.0.attn_q.weight`), in the order of their places. */
export interface GgufContents {
  readonly metadata: Readonly<Record<string, GgufValue>>
  readonly tensors: readonly StoredTensor[]
}

interface TensorInfo {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  readonly offset: number
}

const MAGIC = 0x46554747 // 'GGUF', little endian
const FIRST_READ = 4 << 20
const MAX_HEADER_BYTES = 256 << 20

/**
 * Reads the header of a GGUF, version 2 or 3 (`ggml/docs/gguf.md`). Tensors of types that are not supported are listed; reading
 * them is what fails. Throws `FILE_TRUNCATED`, `FILE_MALFORMED`, `UNSUPPORTED_FORMAT` (big endian, version 1, one of several parts).
 */
export async function readGguf(source: ByteSource): Promise<GgufContents> {
  for (let length = Math.min(source.size, FIRST_READ); ; length = Math.min(source.size, 4 * length)) {
    const reader = new GgufReader(source, await source.read(0, length))
    try {
      return parseHeader(source, reader)
    } catch (error) {
      if (error !== needMore) throw error
      if (4 * length > MAX_HEADER_BYTES) throw reader.malformed('its header does not end')
    }
  }
}

function parseHeader(source: ByteSource, reader: GgufReader): GgufContents {
  if (reader.u32() !== MAGIC) throw reader.malformed('it does not begin with GGUF')
  checkVersion(source, reader.u32())
  const tensorCount = reader.size()
  const valueCount = reader.size()
  const metadata: Record<string, GgufValue> = {}
  for (let i = 0; i < valueCount; i++) {
    const key = reader.string()
    metadata[key] = reader.value(reader.u32())
  }
  if (Number(metadata['split.count'] ?? 1) > 1)
    throw unsupported(source, 'it is one of several parts: join them with llama-gguf-split --merge')
  const infos: TensorInfo[] = []
  for (let i = 0; i < tensorCount; i++) infos.push(tensorInfo(reader))
  const alignment = Number(metadata['general.alignment'] ?? 32)
  if (!Number.isSafeInteger(alignment) || alignment < 1) throw reader.malformed(`its alignment is ${alignment}`)
  return { metadata, tensors: place(source, reader, infos, alignment) }
}

function checkVersion(source: ByteSource, version: number): void {
  if (version === 2 || version === 3) return
  throw unsupported(source, version > 0xffff ? 'it is big endian' : `it has version ${version}; 2 and 3 are known`)
}

function tensorInfo(reader: GgufReader): TensorInfo {
  const name = reader.string()
  const axes = reader.u32()
  if (axes > 8) throw reader.malformed(`tensor ${name} would have ${axes} axes`)
  const shape = Array.from({ length: axes }, () => reader.size()).reverse()
  return { name, shape, type: reader.u32(), offset: reader.size() }
}

/** Turns offsets within the data into places in the file, and checks that every tensor lies in it, alone. */
function place(
  source: ByteSource,
  reader: GgufReader,
  infos: readonly TensorInfo[],
  alignment: number,
): StoredTensor[] {
  const dataStart = Math.ceil(reader.at / alignment) * alignment
  const ordered = [...infos].sort((a, b) => a.offset - b.offset)
  let end = dataStart
  return ordered.map(({ name, shape, type, offset }, i) => {
    const { name: typeName, format = null, elementBytes } = ggufType(type)
    const start = dataStart + offset
    const count = shape.reduce((product, axis) => product * axis, 1)
    const block = format ? blockLayout(format) : elementBytes ? { weights: 1, bytes: elementBytes } : null
    if (block && (shape.at(-1) ?? 1) % block.weights !== 0)
      throw reader.malformed(`rows of tensor ${name} [${shape.join(', ')}] are not whole ${typeName} blocks`)
    if (offset % alignment !== 0 || start < end)
      throw reader.malformed(`tensor ${name} lies across the one before it or off the alignment of ${alignment}`)
    const next = ordered[i + 1]?.offset
    const bytes = block
      ? (count / block.weights) * block.bytes
      : (next === undefined ? source.size : dataStart + next) - start
    end = start + bytes
    if (end > source.size || bytes < 0) throw truncated(source, Math.max(end, start))
    return { name, shape, type: typeName, format, source, offset: start, bytes }
  })
}

function unsupported({ name }: ByteSource, what: string): OutriderError {
  return new OutriderError('UNSUPPORTED_FORMAT', `${name} cannot be read: ${what}.`, { details: { file: name } })
}
