import type { CostCurve } from '../spec'

/** Sweeps over all buckets, the first included; fewer where time is short. */
const sweeps = 9

/** Share of the budget in which an idle clock rises, and pipelines go on compiling. */
const warmUp = 3 / 8

/** Share of the budget that a pass may take beyond its end, where compiling took the rest. */
const beyond = 1 / 16

/** Times of one bucket, ms. */
interface Timed {
  /** What its first pass took beyond the second. */
  readonly compiling: number
  readonly ms: number[]
}

/**
 * The curve over the buckets `rows` that `time`, which runs one pass, gives: the least of each bucket, and no more than a larger one
 * takes. A pass of one row, which compiles what every generation needs, is run before `budgetMs` begin, then for a while again and
 * again. Every other bucket comes first, so that those which there is no time for lie between two that were run; then bucket by bucket
 * and again, so that a clock that still rises meets all alike. A bucket is left out where its passes would probably end too late, by
 * what compiling took so far and by rows: then it costs what the line between its neighbours says, and beyond the last as much a row.
 */
export async function timeBuckets(
  rows: readonly number[],
  time: (rows: number) => Promise<number>,
  budgetMs: number,
): Promise<Required<CostCurve>> {
  await time(rows[0] as number)
  const began = performance.now()
  const left = () => began + budgetMs - performance.now()
  let one = await time(rows[0] as number)
  while (left() - one > (1 - warmUp) * budgetMs) one = await time(rows[0] as number)
  const timed = new Map<number, Timed>([[rows[0] as number, { compiling: 0, ms: [one] }]])
  for (const each of everyOtherFirst(rows)) {
    const most = dearest(timed, each)
    if (timed.has(each) || longest(timed) + 2 * most > left()) continue
    const first = await time(each)
    const twice = left() > 0 || most < beyond * budgetMs
    const ms = twice ? await time(each) : Math.min(first, most)
    timed.set(each, { compiling: Math.max(0, first - ms), ms: [ms] })
  }
  const measured = [...timed.keys()].sort((a, b) => a - b)
  const again = Array.from({ length: sweeps - 1 }, () => measured).flat()
  for (const each of again) {
    const { ms } = timed.get(each) as Timed
    if ((ms.at(-1) as number) > left()) break
    ms.push(await time(each))
  }
  // A pass that looks slower than a larger one was slowed down by something else.
  const ascending = measured.map((_, i) => Math.min(...measured.slice(i).flatMap((each) => timed.get(each)?.ms ?? [])))
  const tookMs = performance.now() - began
  return { rows, ms: rows.map((each) => between(measured, ascending, each)), measured, tookMs }
}

function everyOtherFirst(rows: readonly number[]): readonly number[] {
  return [...rows.filter((_, i) => i % 2 === 0), ...rows.filter((_, i) => i % 2 === 1)]
}

/** The longest that compiling took so far. */
function longest(timed: ReadonlyMap<number, Timed>): number {
  return Math.max(...[...timed.values()].map(({ compiling }) => compiling))
}

/** Most that a pass takes: no more a row than the next smaller bucket. */
function dearest(timed: ReadonlyMap<number, Timed>, rows: number): number {
  return Math.min(...[...timed].map(([other, { ms }]) => (ms[0] as number) * Math.max(1, rows / other)))
}

/** What `rows` cost by the costs of those that were measured, which ascend from 1. */
function between(measured: readonly number[], ms: readonly number[], rows: number): number {
  const right = measured.findIndex((each) => each >= rows)
  if (right < 0) return ((ms.at(-1) as number) * rows) / (measured.at(-1) as number)
  const [to, msTo] = [measured[right], ms[right]] as [number, number]
  if (to === rows) return msTo
  const [from, msFrom] = [measured[right - 1], ms[right - 1]] as [number, number]
  return msFrom + ((msTo - msFrom) * (rows - from)) / (to - from)
}
