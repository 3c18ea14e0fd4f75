import { createHash, randomUUID } from 'node:crypto'
import type { Finish } from '@outrider/core'
import type { Delta, ToldToken } from './answer'
import type { Asked, Served } from './asked'

/** One of a request's answers, whole. */
export interface Choice {
  readonly text: string
  readonly tokens: readonly ToldToken[]
  readonly finish: Finish
}

/** How an endpoint writes its answers. */
export interface Shape {
  /** Before the id of each. */
  readonly prefix: string
  /** `object` of a whole answer and of a piece of a stream. */
  readonly object: string
  readonly chunkObject: string
  choice(choice: Choice, index: number, asked: Asked, served: Served): object
  /** What a delta adds to the stream: `choices` of a chunk each. `before`: characters of the choice so far. */
  chunks(delta: Delta, before: number, asked: Asked, served: Served): readonly object[]
}

/** OpenAI knows two ends of a text. */
export function finishReason({ reason }: Finish): 'length' | 'stop' {
  return reason === 'length' ? 'length' : 'stop'
}

/** What every object of one answer begins with. */
export function head(shape: Shape, object: string, { name, engine }: Served) {
  const { name: backend, device, arithmetic, cacheType } = engine.backend.info
  // The same seed gives the same text where this is the same.
  const facts = JSON.stringify([name, backend, device, arithmetic, cacheType])
  return {
    id: `${shape.prefix}-${randomUUID().replaceAll('-', '')}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: name,
    system_fingerprint: `fp_${createHash('sha256').update(facts).digest('hex').slice(0, 12)}`,
  }
}

/** Tokens in and out: a prompt counts once, however many answers it gets. */
export class UsageCount {
  #prompt = 0
  #completion = 0
  readonly #n: number

  constructor({ n }: Asked) {
    this.#n = n
  }

  add(choice: number, { usage }: Finish): void {
    if (choice % this.#n === 0) this.#prompt += usage.promptTokens
    this.#completion += usage.completionTokens
  }

  get usage() {
    return {
      prompt_tokens: this.#prompt,
      completion_tokens: this.#completion,
      total_tokens: this.#prompt + this.#completion,
    }
  }
}
