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

  dispose(): void {
    for (let item = this.#items.pop(); item; item = this.#items.pop()) item.dispose()
  }
}

/** Runs `build` with a fresh owner; what it took is given back if it throws. */
export async function building<T>(build: (owned: Owned) => Promise<T>): Promise<T> {
  const owned = new Owned()
  try {
    return await build(owned)
  } catch (error) {
    owned.dispose()
    throw error
  }
}
