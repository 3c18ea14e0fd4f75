export interface SafeTensor {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** The bytes of a safetensors file with this header, as given, and this data. */
export function rawSafetensors(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + text.length + data.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  file.set(data, 8 + text.length)
  return file
}

/** The bytes of a safetensors file. */
export function safetensorsFile(tensors: readonly SafeTensor[]): Uint8Array {
  let end = 0
  const header = Object.fromEntries(
    tensors.map(({ name, dtype, shape, data }) => {
      const begin = end
      end += data.length
      return [name, { dtype, shape, data_offsets: [begin, end] }]
    }),
  )
  const data = new Uint8Array(end)
  let at = 0
  for (const tensor of tensors) {
    data.set(tensor.data, at)
    at += tensor.data.length
  }
  return rawSafetensors(JSON.stringify({ __metadata__: { format: 'pt' }, ...header }), data)
}

/** The tensors of a safetensors file's bytes. */
export function parseSafetensors(file: Uint8Array): SafeTensor[] {
  const size = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => ({
        name,
        dtype,
        shape,
        data: file.subarray(8 + size + begin, 8 + size + end),
      }),
    )
}
