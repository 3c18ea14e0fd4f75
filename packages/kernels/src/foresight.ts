/** What a submission is made of. */
export interface Work<Program, Buffer> {
  readonly programs: readonly Program[]
  readonly read: readonly Buffer[]
}

interface Known<Program, Buffer, Encoded> {
  readonly work: Work<Program, Buffer>
  times: number
  encoded: Encoded | undefined
}

/** Submissions that are remembered; a round's are few, though drafts differ. */
const most = 16

/** What is encoded before it is asked for: a submission that came twice is encoded once more, for it will come again. */
export class Foresight<Program, Buffer, Encoded> {
  /** The latest first. */
  readonly #known: Known<Program, Buffer, Encoded>[] = []

  /** `drop` gives up what was encoded in vain. */
  constructor(private readonly drop: (encoded: Encoded) => void) {}

  /** Notes what is submitted; gives what was encoded for it, if it was. */
  take(work: Work<Program, Buffer>): Encoded | undefined {
    const at = this.#known.findIndex((each) => alike(each.work, work))
    const known = this.#known.splice(at, at < 0 ? 0 : 1)[0] ?? { work, times: 0, encoded: undefined }
    this.#known.unshift(known)
    this.#forget(most)
    known.times++
    const { encoded } = known
    known.encoded = undefined
    return encoded
  }

  /** Keeps what `encode` gives for the submission that was noted last, if that is likely to come again. */
  refill(encode: (work: Work<Program, Buffer>) => Encoded): void {
    const [known] = this.#known
    if (known && known.times > 1) known.encoded ??= encode(known.work)
  }

  dispose(): void {
    this.#forget(0)
  }

  #forget(left: number): void {
    for (const { encoded } of this.#known.splice(left)) if (encoded) this.drop(encoded)
  }
}

/** Whether two submissions run and read the same. */
function alike<Program, Buffer>(one: Work<Program, Buffer>, other: Work<Program, Buffer>): boolean {
  return equal(one.programs, other.programs) && equal(one.read, other.read)
}

function equal<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((each, i) => each === other[i])
}
