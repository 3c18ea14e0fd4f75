import { Owned } from '../owned'
import type { Backend, Ops, Program } from '../spec'

/**
 * Programs of one session by their keys, each recorded when it is first asked for.
 *
 * @example
 * ```ts
 * import { Programs } from '@outrider/core'
 * import type { SessionView, Tensor } from '@outrider/core/spec'
 *
 * export const copying = ({ backend }: SessionView, x: Tensor, out: Tensor) => {
 *   const programs = new Programs(backend)
 *   return (rows: number) => programs.get(`copy ${rows}`, (ops) => ops.concat({ parts: [{ x }], out, rows }))
 * }
 * ```
 */
export class Programs {
  readonly #owned = new Owned()
  readonly #known = new Map<string, Program>()

  constructor(private readonly backend: Backend) {}

  /** The program of `key`; what is recorded under a key must be the same every time. Throws what recording throws. */
  get(key: string, record: (ops: Ops) => void): Program {
    const known = this.#known.get(key)
    if (known) return known
    const program = this.#owned.add(this.backend.program(key, record))
    this.#known.set(key, program)
    return program
  }

  dispose(): void {
    this.#owned.dispose()
  }
}
