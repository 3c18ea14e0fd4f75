let table: Float32Array | undefined

/** The values of all 65536 binary16 bit patterns, f32: 256 KiB, made at first use. */
export function halfValues(): Float32Array {
  if (table) return table
  const values = new Float32Array(65536)
  const bits = new Uint32Array(values.buffer)
  for (let pattern = 0; pattern < 65536; pattern++) {
    const sign = (pattern & 0x8000) << 16
    const exponent = (pattern >> 10) & 31
    const mantissa = pattern & 0x3ff
    if (exponent === 0) values[pattern] = (sign === 0 ? 1 : -1) * mantissa * 2 ** -24
    else bits[pattern] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (mantissa << 13)
  }
  table = values
  return values
}
