import { repeat } from '../repeat'
import { chunk } from './form'
import { loaded, type Parts, stored } from './parts.wgsl'

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
      const sum = loaded(parts, 'beside', `${i * queries * vectors}u + own`)
      return `if (${first} + ${i}u == 0u) { sum${n} = ${sum}; } else { sum${n} += ${sum}; }`
    }),
  )
}

/** Folds the chunks that lie side by side, in order, into what a lane of the first one owns of its span. */
export function fold(parts: Parts): string {
  const { beside } = parts
  if (beside === 1) return folded(parts, 0)
  const left = owned(parts, (n) => stored(parts, 'beside', 'own', `sum${n}`))
  return `
    workgroupBarrier();
    if (beside > 0u) { ${left} }
    workgroupBarrier();
    if (beside == 0u) { ${repeat(beside, (chunkBeside) => folded(parts, chunkBeside))} }`
}

function folded(parts: Parts, of: number): string {
  const { queries, vectors } = parts
  return owned(parts, (n) => {
    const sum = of === 0 ? `sum${n}` : loaded(parts, of, 'own')
    const total = [0, 1, 2, 3]
      .map((segment) => `totals[${of}][${segment * queries}u + query]`)
      .reduce((a, b) => `(${a} + ${b})`)
    return `
      let query = own / ${vectors}u;
      if ((now + ${of}u) * ${chunk}u < lengths[query]) {
        let one = Partial(peaks[${of}][query], ${total}, ${sum});
        ${of === 0 ? `if (now == begin) { all${n} = one; } else` : ''} { all${n} = merged(all${n}, one); }
      }`
  })
}
