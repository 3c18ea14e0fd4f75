import { repeat } from '../repeat'
import { chunk } from './form'
import { loaded, type Parts } from './parts.wgsl'

const ownedOf = ({ queries, vectors, lanes }: Parts): number => Math.ceil((queries * vectors) / lanes)

/** For each vector of a query that a lane owns, number `own` of the workgroup; `n` is what its variables are told apart by. */
export function owned(parts: Parts, body: (n: string) => string): string {
  const { queries, vectors, lanes, teams } = parts
  const count = ownedOf(parts)
  const guard = count * lanes > queries * vectors ? `if (own < ${queries * vectors}u) ` : ''
  if (teams === 1)
    return `for (var n = 0u; n < ${count}u; n++) { let own = lane + n * ${lanes}u; ${guard}{ ${body('[n]')} } }`
  return repeat(count, (n) => `{ let own = lane + ${n * lanes}u; ${guard}{ ${body(`${n}`)} } }`)
}

/** Variables of what a lane owns: the sums of a chunk, and what comes of all chunks. */
export function owners(parts: Parts): string {
  const { head, teams } = parts
  const count = ownedOf(parts)
  if (teams === 1) return `var sum: array<${head.type}, ${count}>; var all: array<Partial, ${count}>;`
  return repeat(count, (n) => `var sum${n} = ${head.type}(); var all${n} = Partial();`)
}

/** Adds the sums of `count` segments that are in workgroup memory to those of the segments before. */
export function gather(parts: Parts, first: string, count: number): string {
  const { queries, vectors } = parts
  return owned(parts, (n) =>
    repeat(count, (i) => {
      const sum = loaded(parts, `${i * queries * vectors}u + own`)
      return `if (${first} + ${i}u == 0u) { sum${n} = ${sum}; } else { sum${n} += ${sum}; }`
    }),
  )
}

/** Folds a chunk into what a lane owns of those before. */
export function fold(parts: Parts): string {
  const { queries, vectors } = parts
  return owned(parts, (n) => {
    const total = [0, 1, 2, 3]
      .map((segment) => `totals[${segment * queries}u + query]`)
      .reduce((a, b) => `(${a} + ${b})`)
    return `
      let query = own / ${vectors}u;
      if (now * ${chunk}u < lengths[query]) {
        let one = Partial(peaks[query], ${total}, sum${n});
        if (now == begin) { all${n} = one; } else { all${n} = merged(all${n}, one); }
      }`
  })
}
