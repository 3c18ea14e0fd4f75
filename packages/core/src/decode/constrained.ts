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
    const matcher: unknown = await guard(name, 'start', () => constraint.start(vocabulary))
    if (!isMatcher(matcher)) throw fault(name, 'started nothing that gives masks and accepts tokens')
    return new Constrained(name, matcher, vocabulary.vocab)
  }

  /** Prunes a tree, parents before children, with one question a node that stays. Throws `CONSTRAINT_FAILED`. */
  async allowed(tree: TokenTree): Promise<Allowed> {
    const words = Math.ceil(this.vocab / 32)
    const masks = new Uint32Array((1 + tree.tokens.length) * words)
    await this.#fill(masks.subarray(0, words), [])
    if (masks.subarray(0, words).every((word) => word === 0))
      throw fault(this.name, 'allows no token at all, not even one that ends the text')
    const known = new Map([[-1, { path: [] as readonly number[], row: 0 }]])
    const kept: number[] = []
    for (const [node, token] of tree.tokens.entries()) {
      const above = known.get(tree.parents[node] as number)
      if (!above || token >= this.vocab) continue
      if (!(((masks[above.row * words + (token >>> 5)] as number) >>> (token & 31)) & 1)) continue
      kept.push(node)
      const below = { path: [...above.path, token], row: kept.length }
      known.set(node, below)
      await this.#fill(masks.subarray(below.row * words, (below.row + 1) * words), below.path)
    }
    return { kept, masks: masks.subarray(0, (1 + kept.length) * words) }
  }

  /** Throws `CONSTRAINT_FAILED`. */
  async accept(tokens: readonly number[]): Promise<void> {
    await guard(this.name, 'accept tokens', () => this.matcher.accept(tokens))
  }

  /** What to throw where no token had a chance. */
  nothingLeft(): OutriderError {
    return fault(this.name, 'and what else changes logits leave no token to choose')
  }

  /** Throws `CONSTRAINT_FAILED`. */
  dispose(): void {
    try {
      this.matcher.dispose?.()
    } catch (error) {
      throw fault(this.name, `failed to be disposed of: ${String(error)}`, error)
    }
  }

  /** Writes what may follow `path`: u32 [⌈vocab / 32⌉]. */
  async #fill(row: Uint32Array, path: readonly number[]): Promise<void> {
    const mask: unknown = await guard(this.name, 'give a mask', () => this.matcher.mask(path))
    if (mask === null) row.fill(0xffffffff)
    else if (!(mask instanceof Uint32Array)) throw fault(this.name, 'gave a mask that is no Uint32Array and not null')
    else if (mask.length === row.length) row.set(mask)
    else throw fault(this.name, `gave a mask of ${mask.length} words, and ${this.vocab} tokens need ${row.length}`)
  }
}

function isMatcher(value: unknown): value is ConstraintMatcher {
  const { mask, accept } = (value ?? {}) as Partial<ConstraintMatcher>
  return typeof mask === 'function' && typeof accept === 'function'
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
