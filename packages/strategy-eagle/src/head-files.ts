import { OutriderError, type TensorFiles } from '@outrider/core'
import { idle } from './layouts'

const prefix = 'model.'

/** A head's tensors without the `model.` that some begin with; remembers which were asked for. */
export class HeadFiles implements TensorFiles {
  readonly location: string
  readonly names: readonly string[]
  readonly bytes: number
  readonly config: TensorFiles['config']
  readonly #stored: ReadonlyMap<string, string>
  readonly #used = new Set<string>()

  constructor(private readonly files: TensorFiles) {
    this.location = files.location
    this.bytes = files.bytes
    this.config = files.config
    this.#stored = new Map(
      files.names.map((name) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, name]),
    )
    this.names = [...this.#stored.keys()]
  }

  has(name: string): boolean {
    return this.#stored.has(name)
  }

  /** Whether a tensor's name begins with `start`. */
  begins(start: string): boolean {
    return this.names.some((name) => name.startsWith(start))
  }

  shape(name: string): readonly number[] {
    return this.files.shape(this.#use(name))
  }

  matrix(...[name, shape]: Parameters<TensorFiles['matrix']>): ReturnType<TensorFiles['matrix']> {
    return this.files.matrix(this.#use(name), shape)
  }

  vector(name: string, length?: number): Promise<Float32Array> {
    return this.files.vector(this.#use(name), length)
  }

  integers(name: string, length?: number): Promise<readonly number[]> {
    return this.files.integers(this.#use(name), length)
  }

  /** Counts a tensor as used that is left alone on purpose. */
  ignore(name: string): void {
    this.#used.add(name)
  }

  /** Throws `UNSUPPORTED_CONFIG` where a tensor has had no part: the head would draft without it, and badly. */
  checkAllUsed(layout: string): void {
    const left = this.names.filter((name) => !this.#used.has(name) && !idle.test(name))
    if (left.length === 0) return
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${this.location}: as a head in the layout ${layout} it has no use for ${left.slice(0, 3).join(', ')}${left.length > 3 ? ` and ${left.length - 3} more tensors` : ''}: this variant of EAGLE is not known`,
      { details: { location: this.location, layout, tensors: left } },
    )
  }

  close(): Promise<void> {
    return this.files.close()
  }

  #use(name: string): string {
    this.#used.add(name)
    return this.#stored.get(name) ?? name
  }
}
