/**
 * The order in which `count` strategies run in run `run`: places in the list. Over `count` runs (twice as many where it is odd)
 * each runs once in every place and after every other equally often, so that none gains by what came before it (Williams 1949).
 */
export function runOrder(count: number, run: number): readonly number[] {
  // 0, 1, n-1, 2, n-2, …: neighbours differ by every distance once.
  const first = Array.from({ length: count }, (_, place) =>
    place % 2 === 1 ? (place + 1) / 2 : (count - place / 2) % count,
  )
  const order = first.map((strategy) => (strategy + run) % count)
  return Math.floor(run / count) % 2 === 1 ? order.toReversed() : order
}
