/** a · b + c of f32 numbers. */
export type MultiplyAdd = (a: number, b: number, c: number) => number

/**
 * a · b + c of f32 numbers, rounded once to f32. The product is exact in double; where the sum, rounded to double, lies halfway
 * between two f32 numbers, what that rounding dropped decides.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  const near = Math.fround(sum)
  const over = sum - near
  if (over === 0 || !Number.isFinite(over)) return near
  const other = sum + over // as far on the other side of the sum, exact
  if (Math.fround(other) !== other) return near
  const part = sum - product
  const dropped = product - (sum - part) + (c - part) // of `product + c` (Knuth's two-sum)
  if (dropped === 0) return near
  return dropped > 0 ? Math.max(near, other) : Math.min(near, other)
}

/** a · b + c of f32 numbers, the product and the sum rounded to f32. */
export function separateMultiplyAdd(a: number, b: number, c: number): number {
  return Math.fround(Math.fround(a * b) + c)
}
