import { repeat } from '../repeat'
import type { Parts } from './parts.wgsl'

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

/** Variables of what a lane owns. */
export function owners(parts: Parts): string {
  const { head, teams } = parts
  const count = ownedOf(parts)
  const all = [
    ['sum', head.type],
    ['mixed', head.type],
    ['weight', 'f32'],
    ['top_of', 'f32'],
  ] as const
  if (teams === 1) return all.map(([name, type]) => `var ${name}: array<${type}, ${count}>;`).join('\n')
  return repeat(count, (n) => all.map(([name, type]) => `var ${name}${n} = ${type}();`).join(' '))
}

/** Adds the sums of `count` segments that are in workgroup memory to those of the segments before. */
export function gather(parts: Parts, first: string, count: number): string {
  const { queries, vectors, width, wide, teams, pool, headDim, head } = parts
  const offset = teams === 1 ? pool - queries * headDim : 0
  return owned(parts, (n) =>
    repeat(count, (i) => {
      const at = `${i * queries * vectors}u + own`
      const sum = wide
        ? `pool[${at}]`
        : `${head.type}(${Array.from({ length: width }, (_, c) => `pool[${offset}u + (${at}) * ${width}u + ${c}u]`).join(', ')})`
      return `if (${first} + ${i}u == 0u) { sum${n} = ${sum}; } else { sum${n} += ${sum}; }`
    }),
  )
}

/** Folds the chunk into what a lane owns of its span. */
export function fold(parts: Parts): string {
  const { queries, head } = parts
  return owned(
    parts,
    (n) => `
      let query = own / ${parts.vectors}u;
      if (start < lengths[query]) {
        let theirs = peaks[query];
        let total = ((totals[query] + totals[${queries}u + query]) + totals[${2 * queries}u + query]) + totals[${3 * queries}u + query];
        if (now == begin) { top_of${n} = theirs; weight${n} = total; mixed${n} = sum${n}; }
        else {
          let peak = max(top_of${n}, theirs);
          let keep = exp(max(top_of${n} - peak, -87.0));
          let take = exp(max(theirs - peak, -87.0));
          mixed${n} = fma(sum${n}, ${head.type}(take), mixed${n} * keep);
          weight${n} = fma(total, take, weight${n} * keep);
          top_of${n} = peak;
        }
      }`,
  )
}
