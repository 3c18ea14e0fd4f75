/**
 * Lets one piece of work run at a time, first come, first served. Activations belong to the model, so the rounds of an engine's
 * sessions take turns; a GPU's queue would do the same.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}
