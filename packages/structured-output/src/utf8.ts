/** Bytes from, to: inclusive. */
export type ByteRange = readonly [from: number, to: number]

/** Last code points that UTF-8 spells with one byte, two and three; between them the gap of the surrogates, which it does not spell. */
const ENDS: readonly number[] = [0x7f, 0x7ff, 0xd7ff, 0xffff]
const SURROGATES: ByteRange = [0xd800, 0xdfff]

/** Code points `from` to `to` as UTF-8: each sequence of byte ranges spells some of them, and none spells anything else. */
export function utf8Ranges(from: number, to: number): readonly (readonly ByteRange[])[] {
  if (from > to) return []
  const [firstSurrogate, lastSurrogate] = SURROGATES
  if (from >= firstSurrogate && from <= lastSurrogate) return utf8Ranges(lastSurrogate + 1, to)
  const end = ENDS.find((last) => from <= last && last < to)
  if (end !== undefined) return splitAt(from, end, to)
  if (to <= 0x7f) return [[[from, to]]]
  for (const bits of [6, 12, 18]) {
    const low = (1 << bits) - 1
    if ((from & ~low) === (to & ~low)) continue
    if ((from & low) !== 0) return splitAt(from, from | low, to)
    if ((to & low) !== low) return splitAt(from, (to & ~low) - 1, to)
  }
  const last = encode(to)
  return [encode(from).map((byte, i) => [byte, last[i] as number] as const)]
}

function splitAt(from: number, end: number, to: number): readonly (readonly ByteRange[])[] {
  return [...utf8Ranges(from, end), ...utf8Ranges(end + 1, to)]
}

function encode(point: number): readonly number[] {
  const tail = (shift: number) => 0x80 | ((point >>> shift) & 0x3f)
  if (point <= 0x7ff) return [0xc0 | (point >>> 6), tail(0)]
  if (point <= 0xffff) return [0xe0 | (point >>> 12), tail(6), tail(0)]
  return [0xf0 | (point >>> 18), tail(12), tail(6), tail(0)]
}
