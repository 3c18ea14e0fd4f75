/** A tensor as a GGUF's header lists it. */
export interface ListedTensor {
  readonly name: string
  /** Outermost axis first; the file has them the other way round. */
  readonly shape: readonly number[]
  /** ggml's number of the type. */
  readonly type: number
  /** From the beginning of the data. */
  readonly offset: number
}

/** A metadata value: text, a whole number (u32), or f32. */
export type HeaderValue = string | { readonly u32: number } | { readonly f32: number }

/** The header of a GGUF, version 3, padded to where the data begins (`ggml/docs/gguf.md`). */
export function ggufHeader(
  metadata: Readonly<Record<string, HeaderValue>>,
  tensors: readonly ListedTensor[],
  alignment: number,
): Uint8Array {
  const bytes: number[] = []
  const scalar = (size: number, set: (view: DataView) => void): void => {
    const view = new DataView(new ArrayBuffer(size))
    set(view)
    bytes.push(...new Uint8Array(view.buffer))
  }
  const u32 = (value: number) => scalar(4, (view) => view.setUint32(0, value, true))
  const u64 = (value: number) => scalar(8, (view) => view.setBigUint64(0, BigInt(value), true))
  const text = (value: string): void => {
    const encoded = new TextEncoder().encode(value)
    u64(encoded.length)
    bytes.push(...encoded)
  }
  bytes.push(...new TextEncoder().encode('GGUF'))
  u32(3)
  u64(tensors.length)
  u64(Object.keys(metadata).length)
  for (const [key, value] of Object.entries(metadata)) {
    text(key)
    if (typeof value === 'string') {
      u32(8)
      text(value)
    } else if ('u32' in value) {
      u32(4)
      u32(value.u32)
    } else {
      u32(6)
      scalar(4, (view) => view.setFloat32(0, value.f32, true))
    }
  }
  for (const { name, shape, type, offset } of tensors) {
    text(name)
    u32(shape.length)
    for (const axis of shape.toReversed()) u64(axis)
    u32(type)
    u64(offset)
  }
  while (bytes.length % alignment !== 0) bytes.push(0)
  return Uint8Array.from(bytes)
}
