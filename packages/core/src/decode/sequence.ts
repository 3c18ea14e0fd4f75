import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { Backend, SequenceTensors } from '../spec'

/** The committed tokens of a session, on the host and on the device. */
export class Sequence {
  readonly tensors: SequenceTensors
  readonly #owned = new Owned()
  readonly #tokens: number[] = []
  #length = 0

  constructor(
    private readonly backend: Backend,
    readonly slots: number,
    /** Committed tokens that fit, the pending one included. */
    readonly capacity: number,
  ) {
    try {
      this.tensors = {
        history: this.#owned.add(backend.tensor([slots], 'u32', 'history')),
        length: this.#owned.add(backend.tensor([1], 'u32', 'length')),
      }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Committed tokens, the pending one last. Live. */
  get tokens(): readonly number[] {
    return this.#tokens
  }

  /** Committed entries of the KV cache. */
  get length(): number {
    return this.#length
  }

  /** Tokens that can still be committed. */
  get room(): number {
    return this.capacity - this.#tokens.length
  }

  /** Appends tokens that are not in the cache yet. Throws `PROMPT_TOO_LONG`, and appends nothing then. */
  append(tokens: readonly number[]): void {
    this.fit(tokens)
    if (tokens.length > 0) this.backend.write(this.tensors.history, Uint32Array.from(tokens), this.#tokens.length)
    this.#tokens.push(...tokens)
  }

  /** Throws `PROMPT_TOO_LONG` where `tokens` are too many to be committed. */
  fit(tokens: readonly number[]): void {
    if (tokens.length > this.room)
      throw new OutriderError(
        'PROMPT_TOO_LONG',
        `${this.#tokens.length + tokens.length} tokens do not fit the ${this.capacity} positions of this engine: shorten the prompt or raise capacity`,
        { details: { tokens: this.#tokens.length + tokens.length, capacity: this.capacity } },
      )
  }

  /** The device committed cache entries up to `length`. */
  reached(length: number): void {
    this.#length = length
  }

  /** The device committed a round's tokens by itself. */
  committed(tokens: readonly number[]): void {
    this.#tokens.push(...tokens)
    this.#length += tokens.length
  }

  /** Keeps the first `tokens` tokens and the first `length` cache entries. */
  cut(tokens: number, length: number): void {
    this.#tokens.length = tokens
    this.#length = length
    this.backend.write(this.tensors.length, Uint32Array.of(length))
  }

  dispose(): void {
    this.#owned.dispose()
  }
}
