/** Anything that holds memory until it is told to let go. */
export interface Disposable {
  dispose(): void
}

/** What one owner took, given back in reverse order, once. */
export class Owned implements Disposable {
  readonly #items: Disposable[] = []

  /** Takes charge of `item` and returns it. */
  add<T extends Disposable>(item: T): T {
    this.#items.push(item)
    return item
  }

  /** Gives everything back; throws what the first `dispose` that failed threw, after the others. */
  dispose(): void {
    const failures: unknown[] = []
    for (let item = this.#items.pop(); item; item = this.#items.pop())
      try {
        item.dispose()
      } catch (error) {
        failures.push(error)
      }
    if (failures.length > 0) throw failures[0]
  }
}

/** Runs `build` with a fresh owner; what it took is given back if it throws. */
export async function building<T>(build: (owned: Owned) => Promise<T>): Promise<T> {
  const owned = new Owned()
  try {
    return await build(owned)
  } catch (error) {
    try {
      owned.dispose()
    } catch {
      // What went wrong first is what the caller has to know.
    }
    throw error
  }
}
