import { dequantise } from '@outrider/core/load'
import type { WeightFormat } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { randomBytes } from '../../test/weight-source'
import { blocksAlong, type Layout, layouts, PANEL, panelWords, repackPanels } from './layout'
import { slot } from './slot'

const formats = Object.keys(layouts) as WeightFormat[]
const widths: Readonly<Partial<Record<WeightFormat, readonly number[]>>> = {
  f32: [4, 36],
  bf16: [4, 36],
  f16: [4, 8, 36],
  q4_k: [256, 768],
  q6_k: [256, 768],
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function asFloat(word: number): number {
  bits[0] = word
  return float[0]!
}

function half(word: number): number {
  const exponent = (word >> 10) & 31
  const value = exponent === 0 ? (word & 1023) * 2 ** -24 : (1 + (word & 1023) / 1024) * 2 ** (exponent - 15)
  return word & 0x8000 ? -value : value
}

/** What a panel holds for input `k` of one output, read as `layout.ts` and the repack functions describe it. */
function unpack(decoder: Layout['decoder'], words: Uint32Array, base: number, output: number, k: number): number {
  const vector = slot(output) * 4
  const own = (word: number): number => (words[word]! >>> (16 * (output % 2))) & 0xffff
  const pair = output >> 1
  const nibble = (at: number, i: number): number =>
    (words[at + vector + (i >> 3)]! >>> (8 * (i % 4) + (i % 8 < 4 ? 0 : 4))) & 15
  const signed = (byte: number): number => (byte << 24) >> 24
  switch (decoder) {
    case 'f32':
      return asFloat(words[base + vector + k]!)
    case 'f16':
      return half((words[base + vector + (k >> 1)]! >>> (16 * (k % 2))) & 0xffff)
    case 'q4_0':
      return (nibble(base, k) - 8) * half(own(base + 256 + pair))
    case 'q4_1': {
      const scale = words[base + 256 + slot(output)]!
      return nibble(base, k) * half(scale & 0xffff) + half(scale >>> 16)
    }
    case 'q8_0': {
      const word = words[base + (k < 16 ? 0 : 256) + vector + ((k % 16) >> 2)]!
      return (((word >>> (8 * (k % 4))) & 255) - 128) * half(own(base + 512 + pair))
    }
    case 'q4_k': {
      const unit = base + (k >> 5) * 288
      const factors = own(unit + 256 + pair)
      const scale = words[base + 2304 + slot(output)]!
      return nibble(unit, k % 32) * half(scale & 0xffff) * (factors & 255) - half(scale >>> 16) * (factors >> 8)
    }
    case 'q6_k': {
      const unit = base + (k >> 5) * 416
      const i = k % 32
      const high = (words[unit + 256 + slot(output) * 2 + (i >> 4)]! >>> (8 * (i % 4) + 2 * ((i % 16) >> 2))) & 3
      const factor = signed((own(unit + 384 + pair) >> (i < 16 ? 0 : 8)) & 255)
      return (nibble(unit, i) + 16 * high - 32) * half(own(base + 3328 + pair)) * factor
    }
  }
}

test.each(formats.flatMap((format) => (widths[format] ?? [32, 96]).map((inputs) => ({ format, inputs }))))(
  '$format rows of $inputs inputs hold the same numbers in panels, zeros around them',
  ({ format, inputs }) => {
    const outputs = 70
    const layout = layouts[format]
    const stored = randomBytes(format, outputs, inputs, 3)
    const expected = new Float32Array(outputs * inputs)
    dequantise(format, stored, expected)

    const words = panelWords(layout, inputs)
    const packed = new Uint32Array(words * 2)
    repackPanels(layout, new Uint16Array(stored.buffer), outputs, inputs, packed)

    const found = new Float32Array(outputs * inputs)
    const padding = new Set<number>()
    for (let n = 0; n < 2 * PANEL; n++)
      for (let k = 0; k < blocksAlong(layout, inputs) * layout.blockInputs; k++) {
        const base = (n >> 6) * words + Math.floor(k / layout.blockInputs) * layout.blockWords
        const value = unpack(layout.decoder, packed, base, n % PANEL, k % layout.blockInputs)
        if (n < outputs && k < inputs) found[n * inputs + k] = value
        else if (n >= outputs) padding.add(packed[base + slot(n % PANEL) * 4]!)
        else padding.add(value)
      }
    expect(found).toEqual(expected)
    expect([...padding]).toEqual([0])
  },
)
