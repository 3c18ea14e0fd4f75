import type { TextStream } from '../spec/tokenizer'
import type { Spelling } from './token-bytes'

/**
 * Decodes token by token: a UTF-8 decoder holds back the bytes of a character that is not whole yet, so that what was pushed and
 * the end together are the text of all tokens at once, whatever they are.
 */
export class Utf8Stream implements TextStream {
  readonly #decoder: TextDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #toStrip: number

  /** `bytesOf` gives the bytes of a token, none for one that is left out. */
  constructor(
    private readonly bytesOf: (id: number) => Uint8Array,
    private readonly strip: Spelling['strip'],
  ) {
    this.#toStrip = strip?.count ?? 0
  }

  push(id: number): string {
    return this.#stripped(this.#decoder.decode(this.bytesOf(id), { stream: true }))
  }

  end(): string {
    return this.#stripped(this.#decoder.decode())
  }

  #stripped(text: string): string {
    if (this.#toStrip === 0 || text === '' || !this.strip) return text
    let from = 0
    while (from < this.#toStrip && text[from] === this.strip.content) from++
    this.#toStrip = from === text.length ? this.#toStrip - from : 0
    return text.slice(from)
  }
}
