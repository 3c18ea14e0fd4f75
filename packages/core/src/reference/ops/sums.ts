/**
 * weights · x: for each row and output emit(row, output, sum), outputs of a row in order, sums in double in the order of the inputs. Four
 * outputs of two rows at a time: their sums do not wait for one another, and what is read serves several. x [rows, width], weights
 * [outputs, width].
 */
export function eachSum(
  x: Float32Array,
  weights: Float32Array,
  [rows, outputs, width]: readonly [number, number, number],
  emit: (row: number, output: number, sum: number) => void,
): void {
  const weightsOf = (output: number): number => Math.min(output, outputs - 1) * width
  for (let n = 0; n < outputs; n += 4) {
    const [a, b, c, d] = [weightsOf(n), weightsOf(n + 1), weightsOf(n + 2), weightsOf(n + 3)]
    for (let r = 0; r < rows; r += 2) {
      const [first, second] = [r * width, Math.min(r + 1, rows - 1) * width]
      let a1 = 0
      let b1 = 0
      let c1 = 0
      let d1 = 0
      let a2 = 0
      let b2 = 0
      let c2 = 0
      let d2 = 0
      for (let k = 0; k < width; k++) {
        const x1 = x[first + k] as number
        const x2 = x[second + k] as number
        const wa = weights[a + k] as number
        const wb = weights[b + k] as number
        const wc = weights[c + k] as number
        const wd = weights[d + k] as number
        a1 += wa * x1
        b1 += wb * x1
        c1 += wc * x1
        d1 += wd * x1
        a2 += wa * x2
        b2 += wb * x2
        c2 += wc * x2
        d2 += wd * x2
      }
      const sums = [a1, b1, c1, d1, a2, b2, c2, d2]
      for (let i = 0; i < Math.min(2, rows - r); i++)
        for (let j = 0; j < Math.min(4, outputs - n); j++) emit(r + i, n + j, sums[4 * i + j] as number)
    }
  }
}
