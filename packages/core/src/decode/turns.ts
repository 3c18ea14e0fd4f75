/**
 * Lets one piece of work run at a time, first come, first served. Activations belong to the model, so the rounds of an engine's
 * sessions take turns. Work that is submitted and no longer needs the host may go on behind its turn: a backend runs submissions in
 * the order in which they come.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  /** Work whose turn is over and which still runs on the device. None of them rejects. */
  readonly #running = new Set<Promise<unknown>>()

  /** Runs `work` when nothing else runs, also nothing that was submitted. */
  take<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      if (this.#running.size > 0) await Promise.all(this.#running)
      return work()
    })
  }

  /** Runs `submit` in its turn; the promise that `rest` takes of its result goes on while others have theirs. */
  submit<T>(submit: () => Promise<T>, rest: (submitted: T) => Promise<unknown>): Promise<T> {
    return this.#queue(async () => {
      const submitted = await submit()
      const running: Promise<unknown> = rest(submitted).then(
        () => this.#running.delete(running),
        () => this.#running.delete(running),
      )
      this.#running.add(running)
      return submitted
    })
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}
