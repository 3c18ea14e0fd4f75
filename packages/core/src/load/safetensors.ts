import { OutriderError } from '../errors'
import type { WeightFormat } from '../spec/tensor'
import { type ByteSource, truncated } from './byte-source'
import type { StoredTensor } from './stored-tensors'

/** Bytes of one element. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

const FORMATS: Readonly<Record<string, WeightFormat>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' }

/** The format's own limit: a longer header is no header. */
const MAX_HEADER_BYTES = 100_000_000

/**
 * The tensors of one safetensors file, in the order of their places: 8 bytes header length, a JSON header, then the data.
 * Throws `FILE_TRUNCATED` where the file ends before its last tensor does, `FILE_MALFORMED` for a header that makes no sense.
 */
export async function readSafetensors(source: ByteSource): Promise<readonly StoredTensor[]> {
  if (source.size < 8) throw truncated(source, 8)
  const prefix = await source.read(0, 8)
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES) throw malformed(source, `its header would be ${length} bytes long`)
  if (8 + length > source.size) throw truncated(source, 8 + length)
  const header = parseHeader(source, await source.read(8, length))
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => storedTensor(source, 8 + length, name, entry))
    .sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)
  let end = 8 + length
  for (const { name, offset, bytes } of tensors) {
    if (offset < end) throw malformed(source, `tensor ${name} overlaps the one before it`)
    end = offset + bytes
  }
  if (end > source.size) throw truncated(source, end)
  return tensors
}

function parseHeader(source: ByteSource, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>
  } catch (cause) {
    throw malformed(source, 'its header is not JSON', cause)
  }
  throw malformed(source, 'its header is not a JSON object')
}

function storedTensor(source: ByteSource, dataStart: number, name: string, entry: unknown): StoredTensor {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(data_offsets) || data_offsets.length !== 2)
    throw malformed(source, `the header's entry of tensor ${name} lacks dtype, shape or data_offsets`)
  const [begin, end] = data_offsets as [number, number]
  const element = ELEMENT_BYTES[dtype]
  const count = shape.reduce((product, axis) => product * axis, 1)
  if (end < begin || (element !== undefined && end - begin !== count * element))
    throw malformed(source, `tensor ${name}, ${dtype} [${shape.join(', ')}], cannot have ${end - begin} bytes`)
  const format = FORMATS[dtype] ?? null
  return { name, shape, type: dtype, format, source, offset: dataStart + begin, bytes: end - begin }
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
}

function malformed({ name }: ByteSource, what: string, cause?: unknown): OutriderError {
  return new OutriderError('FILE_MALFORMED', `${name} is not a safetensors file: ${what}.`, {
    details: { file: name },
    ...(cause !== undefined && { cause }),
  })
}
