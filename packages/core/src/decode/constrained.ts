import { OutriderError } from '../errors'
import type { Constraint, ConstraintMatcher, ConstraintVocabulary, TokenTree } from '../spec'

/** What a matcher leaves of a tree. */
export interface Allowed {
  /** Nodes that keep to the constraint, parents among them. */
  readonly kept: readonly number[]
  /** u32 [1 + kept, ⌈vocab / 32⌉]: what may follow the pending token, then each of them. */
  readonly masks: Uint32Array
}

/** One generation's constraint behind checks: what it gives is looked at, and what it throws carries its name. */
export class Constrained {
  private constructor(
    private readonly name: string,
    private readonly matcher: ConstraintMatcher,
    private readonly vocab: number,
  ) {}

  /** Throws `CONSTRAINT_FAILED`, `TOKENIZER_MISSING`. */
  static async start(constraint: Constraint, vocabulary: ConstraintVocabulary): Promise<Constrained> {
    const { name } = constraint
    const matcher = await guard(name, 'start', () => constraint.start(vocabulary))
    return new Constrained(name, matcher, vocabulary.vocab)
  }

  /** Prunes a tree, parents before children, with one question a node that stays. Throws `CONSTRAINT_FAILED`. */
  async allowed(tree: TokenTree): Promise<Allowed> {
    const first = await this.#mask([])
    if (first.every((word) => word === 0))
      throw fault(this.name, 'allows no token at all, not even one that ends the text')
    const known = new Map([[-1, { path: [] as readonly number[], mask: first }]])
    const kept: number[] = []
    for (const [node, token] of tree.tokens.entries()) {
      const above = known.get(tree.parents[node] as number)
      if (!above || token >= this.vocab || !(((above.mask[token >>> 5] as number) >>> (token & 31)) & 1)) continue
      const path = [...above.path, token]
      known.set(node, { path, mask: await this.#mask(path) })
      kept.push(node)
    }
    const masks = new Uint32Array((1 + kept.length) * this.#words)
    for (const [at, { mask }] of [...known.values()].entries()) masks.set(mask, at * this.#words)
    return { kept, masks }
  }

  /** Throws `CONSTRAINT_FAILED`. */
  async accept(tokens: readonly number[]): Promise<void> {
    await guard(this.name, 'accept tokens', () => this.matcher.accept(tokens))
  }

  /** What to throw where no token had a chance. */
  nothingLeft(): OutriderError {
    return fault(this.name, 'and what else changes logits leave no token to choose')
  }

  dispose(): void {
    this.matcher.dispose?.()
  }

  get #words(): number {
    return Math.ceil(this.vocab / 32)
  }

  async #mask(path: readonly number[]): Promise<Uint32Array> {
    const mask = await guard(this.name, 'give a mask', () => this.matcher.mask(path))
    if (mask === null) return new Uint32Array(this.#words).fill(0xffffffff)
    if (mask.length === this.#words) return mask.slice()
    throw fault(this.name, `gave a mask of ${mask.length} words, and ${this.vocab} tokens need ${this.#words}`)
  }
}

async function guard<T>(name: string, what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (OutriderError.is(error)) throw error
    throw fault(name, `failed to ${what}: ${String(error)}`, error)
  }
}

function fault(name: string, what: string, cause?: unknown): OutriderError {
  return new OutriderError('CONSTRAINT_FAILED', `constraint ${name} ${what}`, { details: { constraint: name }, cause })
}
