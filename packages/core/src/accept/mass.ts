import { type NoiseKey, noiseWords, uniformOf } from '../sample'
import { ACCEPTANCE_STREAM, RECOVERY_STREAM } from '../spec'

/** Probabilities of a row, f64 [vocab]; all 0 where no logit is finite. Greedy: a point mass on the largest, the first of equals. */
export function massOf(logits: Float32Array, greedy: boolean): Float64Array {
  const mass = new Float64Array(logits.length)
  let top = -1
  for (let id = 0; id < logits.length; id++)
    if ((logits[id] as number) > (top < 0 ? Number.NEGATIVE_INFINITY : (logits[top] as number))) top = id
  if (top < 0) return mass
  const peak = logits[top] as number
  if (greedy || peak === Number.POSITIVE_INFINITY) mass[top] = 1
  else for (let id = 0; id < mass.length; id++) mass[id] = Math.exp((logits[id] as number) - peak) || 0
  return normalised(mass)
}

/** Divides by the sum, in place; zeros stay. */
export function normalised(mass: Float64Array): Float64Array {
  const total = sumOf(mass)
  if (total > 0) for (let id = 0; id < mass.length; id++) mass[id] = (mass[id] as number) / total
  return mass
}

/** What is left of `scale · p` beyond q, not normalised. */
export function residual(p: Float64Array, q: Float64Array, scale: number): Float64Array {
  return p.map((value, id) => Math.max(scale * value - (q[id] as number), 0))
}

/** The sum of masses. */
export function sumOf(mass: Float64Array): number {
  let total = 0
  for (const value of mass) total += value
  return total
}

/** A number in (0, 1) that decides about keeping something at a position: a drafted token, or a length. */
export function chance(noise: NoiseKey, position: number, id: number): number {
  return uniformOf(noiseWords({ ...noise, stream: ACCEPTANCE_STREAM }, position, id >>> 2)[id & 3] as number)
}

/**
 * Columns that a row's masses are summed in: token `id` stands in column `id % columns`. A power of two; the lanes of the kernel.
 * Sums of columns keep their precision in f32 where a running sum over a vocabulary would not.
 */
export function drawColumns(vocab: number): number {
  return Math.min(256, Math.max(1, 2 ** Math.ceil(Math.log2(vocab / 2))))
}

/**
 * Draws the token at a position from masses, normalised or not: its column by one number, then the token within the column by
 * another. -1 where there is no mass.
 */
export function draw(mass: Float64Array, noise: NoiseKey, position: number): number {
  const [first, second] = noiseWords({ ...noise, stream: RECOVERY_STREAM }, position, 0)
  const columns = drawColumns(mass.length)
  const sums = new Float64Array(columns)
  for (let id = 0; id < mass.length; id++) sums[id % columns] = (sums[id % columns] as number) + (mass[id] as number)
  const column = placeOf(sums, { from: 0, step: 1, number: uniformOf(first) })
  return column < 0 ? -1 : placeOf(mass, { from: column, step: columns, number: uniformOf(second) })
}

/** Of every `step`-th mass from `from` on the one in whose share of their sum a number in (0, 1) falls; -1 where there is no mass. */
function placeOf(mass: Float64Array, { from, step, number }: { from: number; step: number; number: number }): number {
  let total = 0
  for (let at = from; at < mass.length; at += step) total += mass[at] as number
  let below = 0
  let last = -1
  for (let at = from; at < mass.length; at += step) {
    if ((mass[at] as number) === 0) continue
    last = at
    below += mass[at] as number
    if (below > number * total) return at
  }
  return last
}
