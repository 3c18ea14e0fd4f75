/** What a submission is made of. */
export interface Work<Program, Buffer> {
  readonly programs: readonly Program[]
  readonly read: readonly Buffer[]
}

interface Known<Program, Buffer> {
  readonly work: Work<Program, Buffer>
  next: Work<Program, Buffer> | undefined
  /** How often in a row `next` came. */
  times: number
}

/** Submissions that are remembered; a round's are few. */
const most = 16
/** How often one has to have followed another before it is expected again. */
const enough = 2

/** Learns which submission follows which: rounds repeat theirs. */
export class Foresight<Program, Buffer> {
  readonly #known: Known<Program, Buffer>[] = []
  #last: Known<Program, Buffer> | undefined

  /** Notes what is submitted; gives what is likely to come next, if anything. */
  follow(work: Work<Program, Buffer>): Work<Program, Buffer> | undefined {
    if (this.#last?.next && alike(this.#last.next, work)) this.#last.times++
    else if (this.#last) Object.assign(this.#last, { next: work, times: 1 })
    const known = this.#known.find((each) => alike(each.work, work)) ?? this.#remember(work)
    this.#last = known
    return known.times >= enough ? known.next : undefined
  }

  #remember(work: Work<Program, Buffer>): Known<Program, Buffer> {
    const known = { work, next: undefined, times: 0 }
    this.#known.unshift(known)
    this.#known.length = Math.min(this.#known.length, most)
    return known
  }
}

/** Whether two submissions run and read the same. */
export function alike<Program, Buffer>(one: Work<Program, Buffer>, other: Work<Program, Buffer>): boolean {
  return equal(one.programs, other.programs) && equal(one.read, other.read)
}

function equal<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((each, i) => each === other[i])
}
