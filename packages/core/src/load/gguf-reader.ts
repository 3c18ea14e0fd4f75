import { OutriderError } from '../errors'
import { type ByteSource, truncated } from './byte-source'

/** Thrown where a value lies beyond the bytes that were read so far. */
export const needMore: unique symbol = Symbol('more bytes are needed')

/** A value of GGUF's metadata: numbers beyond 2^53 stay bigint. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[]

/** Bytes of each fixed-size value type, by its number; strings (8) and arrays (9) have at least these. */
const LEAST_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8]
const STRING = 8
const ARRAY = 9

/** Reads the values of a GGUF header from its first bytes, in order. Throws `needMore`, `FILE_TRUNCATED`, `FILE_MALFORMED`. */
export class GgufReader {
  readonly #view: DataView
  readonly #text: TextDecoder = new TextDecoder()
  /** Where the next value begins. */
  at = 0

  constructor(
    private readonly source: ByteSource,
    private readonly bytes: Uint8Array,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A u64 that counts or places something. */
  size(): number {
    const value = this.#view.getBigUint64(this.#take(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.malformed(`a size of ${value} is beyond any file`)
    return Number(value)
  }

  string(): string {
    const length = this.size()
    const start = this.#take(length)
    return this.#text.decode(this.bytes.subarray(start, start + length))
  }

  /** A value of the type with number `type`. */
  value(type: number, depth = 0): GgufValue {
    if (type === STRING) return this.string()
    if (type === ARRAY) return this.#array(depth)
    const width = LEAST_BYTES[type]
    if (width === undefined) throw this.malformed(`value type ${type} does not exist`)
    const at = this.#take(width)
    switch (type) {
      case 0:
        return this.#view.getUint8(at)
      case 1:
        return this.#view.getInt8(at)
      case 2:
        return this.#view.getUint16(at, true)
      case 3:
        return this.#view.getInt16(at, true)
      case 4:
        return this.#view.getUint32(at, true)
      case 5:
        return this.#view.getInt32(at, true)
      case 6:
        return this.#view.getFloat32(at, true)
      case 7:
        return this.#view.getUint8(at) !== 0
      case 10:
        return safe(this.#view.getBigUint64(at, true))
      case 11:
        return safe(this.#view.getBigInt64(at, true))
      default:
        return this.#view.getFloat64(at, true)
    }
  }

  malformed(what: string): OutriderError {
    return new OutriderError('FILE_MALFORMED', `${this.source.name} is not a GGUF file: ${what}.`, {
      details: { file: this.source.name, offset: this.at },
    })
  }

  #array(depth: number): readonly GgufValue[] {
    if (depth > 2) throw this.malformed('arrays are nested too deeply')
    const type = this.u32()
    const count = this.size()
    this.#check(count * (LEAST_BYTES[type] ?? 1))
    const values: GgufValue[] = []
    for (let i = 0; i < count; i++) values.push(this.value(type, depth + 1))
    return values
  }

  #take(length: number): number {
    this.#check(length)
    const at = this.at
    this.at += length
    return at
  }

  #check(length: number): void {
    if (this.at + length > this.source.size) throw truncated(this.source, this.at + length)
    if (this.at + length > this.bytes.length) throw needMore
  }
}

function safe(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
