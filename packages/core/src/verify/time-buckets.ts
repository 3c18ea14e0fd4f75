import type { CostCurve } from '../spec'

/** Sweeps over all buckets, the first included; fewer where time is short. */
const sweeps = 9

/** Share of the budget in which an idle clock rises, and pipelines go on compiling. */
const warmUp = 3 / 8

/** Share of the budget that sweeps may take beyond its end, where compiling took the rest. */
const beyond = 1 / 16

/** Share of its part by rows that a row beyond the last bucket takes at least. */
const cheapest = 1 / 8

/**
 * The curve over the buckets `rows` that `time`, which runs one pass, gives: the least of each bucket, and no more than a larger one
 * takes. A pass of one row, which compiles what every generation needs, is run before `budgetMs` begin, then for a while again and
 * again. Every other bucket comes first, so that those which there is no time for lie between two that were run; then bucket by bucket
 * and again, so that a clock that still rises meets all alike. A bucket is left out where its passes would probably end too late, by
 * what compiling took so far and by rows: then it costs what `between` says.
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
  const timed = new Map([[rows[0] as number, [one]]])
  // The longest that compiling took so far.
  let compiling = 0
  for (const each of everyOtherFirst(rows)) {
    const most = dearest(timed, each)
    if (timed.has(each) || compiling + 2 * most > left()) continue
    const first = await time(each)
    const ms = left() > 0 ? await time(each) : Math.min(first, most)
    compiling = Math.max(compiling, first - ms)
    timed.set(each, [ms])
  }
  const measured = [...timed.keys()].sort((a, b) => a - b)
  // What was run while others compiled in the background looks slow.
  const until = performance.now() + Math.max(left(), beyond * budgetMs)
  for (let sweep = 1; sweep < sweeps; sweep++)
    for (const each of measured) {
      const ms = timed.get(each) as number[]
      if ((ms.at(-1) as number) < until - performance.now()) ms.push(await time(each))
    }
  // A pass that looks slower than a larger one was slowed down by something else.
  const ascending = measured.map((_, i) => Math.min(...measured.slice(i).flatMap((each) => timed.get(each) ?? [])))
  const tookMs = performance.now() - began
  return { rows, ms: rows.map((each) => between(measured, ascending, each)), measured, tookMs }
}

function everyOtherFirst(rows: readonly number[]): readonly number[] {
  return [...rows.filter((_, i) => i % 2 === 0), ...rows.filter((_, i) => i % 2 === 1)]
}

/** Most that a pass takes: no more a row than the next smaller bucket. */
function dearest(timed: ReadonlyMap<number, readonly number[]>, rows: number): number {
  return Math.min(...[...timed].map(([other, [ms]]) => (ms as number) * Math.max(1, rows / other)))
}

/**
 * What `rows` cost by the costs of those that were measured, which ascend from 1. Beyond the last a row costs what the last ones did, at
 * least `cheapest` of that pass by rows, and no more than all of it.
 */
function between(measured: readonly number[], ms: readonly number[], rows: number): number {
  const right = measured.findIndex((each) => each >= rows)
  const at = right < 0 ? measured.length - 1 : right
  const [to, msTo] = [measured[at], ms[at]] as [number, number]
  const slope = (msTo - (ms[at - 1] ?? 0)) / (to - (measured[at - 1] ?? 0))
  const part = msTo / to
  return msTo + (right < 0 ? Math.min(Math.max(slope, part * cheapest), part) : slope) * (rows - to)
}
