import type { WeightFormat, WeightSource } from '@outrider/core'
import { blockLayout, rowBytes } from '@outrider/core/load'
import { randomWords } from './random'

/** Formats that models can be generated in. */
export const generatedFormats = ['q4_0', 'q4_1', 'q4_k', 'q8_0', 'f16'] as const satisfies readonly WeightFormat[]

/** A format that models can be generated in. */
export type GeneratedFormat = (typeof generatedFormats)[number]

/** Bytes of the random blocks that tensors repeat, each from a place of its own. */
const repeatedBytes = 8 << 20

/**
 * The f16 numbers that scale a block, at their bytes, so that weights of every format have a standard deviation of about 0.02, as
 * untrained models do: activations stay finite through any number of normalised layers.
 */
const scales: Readonly<Record<Exclude<GeneratedFormat, 'f16'>, readonly (readonly [at: number, value: number])[]>> = {
  q4_0: [[0, 0.02 / 4.6]],
  q4_1: [
    [0, 0.02 / 4.6],
    [2, (-7.5 * 0.02) / 4.6],
  ],
  q8_0: [[0, 0.02 / 74]],
  // Sub-block scales and minima are 6 random bits each: 258 is the spread of sc · q - 7.5 · m.
  q4_k: [
    [0, 0.02 / 258],
    [2, (7.5 * 0.02) / 258],
  ],
}

const made = new Map<GeneratedFormat, Uint8Array>()

/** Random blocks of a format: a prime number of them, so that no two rows of a matrix are alike. */
function blocks(format: GeneratedFormat): Uint8Array {
  const known = made.get(format)
  if (known) return known
  const { bytes } = blockLayout(format)
  const count = primeBelow(Math.floor(repeatedBytes / bytes))
  const words = new Uint32Array(Math.ceil((count * bytes) / 4))
  const next = randomWords(format.length + bytes)
  for (let i = 0; i < words.length; i++) words[i] = next()
  const data = new Uint8Array(words.buffer, 0, count * bytes)
  if (format === 'f16') smallHalves(new Uint16Array(words.buffer, 0, count))
  else
    for (const [at, value] of scales[format]) {
      const half = halfOf(value)
      for (let i = at; i < data.length; i += bytes) {
        data[i] = half & 0xff
        data[i + 1] = half >> 8
      }
    }
  made.set(format, data)
  return data
}

/** Keeps sign and mantissa of random f16 numbers and sets their exponents to those of 2^-7 and 2^-6: a spread of 0.018. */
function smallHalves(values: Uint16Array): void {
  for (let i = 0; i < values.length; i++) values[i] = ((values[i] as number) & 0x87ff) | 0x2000
}

/** Bits of the f16 number nearest to a normal one. */
function halfOf(value: number): number {
  const size = Math.abs(value)
  const exponent = Math.floor(Math.log2(size))
  const mantissa = Math.round((size / 2 ** exponent - 1) * 1024)
  return (value < 0 ? 0x8000 : 0) | (((exponent + 15) << 10) + mantissa)
}

function primeBelow(limit: number): number {
  for (let n = limit; ; n--) if (isPrime(n)) return n
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return n > 1
}

/** Fills `out` with what a tensor holds from its byte `from` on: the format's blocks over and over, from block number `start` on. */
export function fillRandom(format: GeneratedFormat, start: number, from: number, out: Uint8Array): void {
  const data = blocks(format)
  let at = (start * blockLayout(format).bytes + from) % data.length
  for (let done = 0; done < out.length; at = 0) {
    const part = data.subarray(at, at + out.length - done)
    out.set(part, done)
    done += part.length
  }
}

/** A random matrix whose rows are made when they are read. */
export function randomMatrix(format: GeneratedFormat, outputs: number, inputs: number, start = 0): WeightSource {
  const bytes = rowBytes(format, inputs)
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const out = new Uint8Array((to - from) * bytes)
    fillRandom(format, start, from * bytes, out)
    return out
  }
  return { name: `${format} ${inputs}x${outputs}`, shape: [outputs, inputs], format, rows }
}
