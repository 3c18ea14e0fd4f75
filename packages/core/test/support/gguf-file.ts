/** A metadata value with GGUF's name for its type. */
export type GgufField =
  | { readonly u32: number }
  | { readonly u64: bigint }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly i32s: readonly number[] }
  | { readonly f32s: readonly number[] }

export interface GgufTensor {
  readonly name: string
  /** Outermost axis first, as we write shapes; the file has them the other way round. */
  readonly shape: readonly number[]
  /** ggml's number of the type. */
  readonly type: number
  readonly data: Uint8Array
}

class Writer {
  readonly #bytes: number[] = []
  get length(): number {
    return this.#bytes.length
  }
  bytes(values: Iterable<number>): void {
    for (const value of values) this.#bytes.push(value)
  }
  scalar(size: number, set: (view: DataView) => void): void {
    const buffer = new ArrayBuffer(size)
    set(new DataView(buffer))
    this.bytes(new Uint8Array(buffer))
  }
  u32(value: number): void {
    this.scalar(4, (view) => view.setUint32(0, value, true))
  }
  u64(value: number | bigint): void {
    this.scalar(8, (view) => view.setBigUint64(0, BigInt(value), true))
  }
  f32(value: number): void {
    this.scalar(4, (view) => view.setFloat32(0, value, true))
  }
  string(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.u64(bytes.length)
    this.bytes(bytes)
  }
  pad(alignment: number): void {
    while (this.length % alignment !== 0) this.bytes([0])
  }
  done(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

function field(writer: Writer, value: GgufField): void {
  const array = (type: number, length: number) => {
    writer.u32(9)
    writer.u32(type)
    writer.u64(length)
  }
  if ('u32' in value) {
    writer.u32(4)
    writer.u32(value.u32)
  } else if ('u64' in value) {
    writer.u32(10)
    writer.u64(value.u64)
  } else if ('f32' in value) {
    writer.u32(6)
    writer.f32(value.f32)
  } else if ('bool' in value) {
    writer.u32(7)
    writer.bytes([value.bool ? 1 : 0])
  } else if ('string' in value) {
    writer.u32(8)
    writer.string(value.string)
  } else if ('strings' in value) {
    array(8, value.strings.length)
    for (const text of value.strings) writer.string(text)
  } else if ('i32s' in value) {
    array(5, value.i32s.length)
    for (const number of value.i32s) writer.u32(number)
  } else {
    array(6, value.f32s.length)
    for (const number of value.f32s) writer.f32(number)
  }
}

/** The bytes of a GGUF, version 3. */
export function ggufFile(metadata: Readonly<Record<string, GgufField>>, tensors: readonly GgufTensor[]): Uint8Array {
  const alignment = 'general.alignment' in metadata ? (metadata['general.alignment'] as { u32: number }).u32 : 32
  const writer = new Writer()
  writer.bytes(new TextEncoder().encode('GGUF'))
  writer.u32(3)
  writer.u64(tensors.length)
  writer.u64(Object.keys(metadata).length)
  for (const [key, value] of Object.entries(metadata)) {
    writer.string(key)
    field(writer, value)
  }
  let offset = 0
  for (const { name, shape, type, data } of tensors) {
    writer.string(name)
    writer.u32(shape.length)
    for (const axis of [...shape].reverse()) writer.u64(axis)
    writer.u32(type)
    writer.u64(offset)
    offset = Math.ceil((offset + data.length) / alignment) * alignment
  }
  for (const { data } of tensors) {
    writer.pad(alignment)
    writer.bytes(data)
  }
  return writer.done()
}

/** f32 values as bytes. */
export function f32Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}
