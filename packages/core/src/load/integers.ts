type Reader = (view: DataView, at: number) => number

const READERS: Readonly<Record<string, { readonly bytes: number; readonly read: Reader }>> = {
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
}

/** Whether `type` is an integer or boolean type that `readIntegers` knows. */
export function isIntegerType(type: string): boolean {
  return type in READERS
}

/** Little-endian integers as numbers; an I64 beyond 2^53 loses its low bits. */
export function readIntegers(type: string, bytes: Uint8Array): readonly number[] {
  const { bytes: width, read } = READERS[type]!
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / width }, (_, i) => read(view, i * width))
}
