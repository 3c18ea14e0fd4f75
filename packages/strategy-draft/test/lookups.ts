import { type Backend, type DeviceDraft, Owned, type SessionView } from '@outrider/core'
import { MAX_TREE_ROWS } from '@outrider/core/spec'
import { randomNumbers } from '../../core/test/support/strategies'
import { type LookupOptions, lookup } from '../src'

type Budget = { readonly nodes: number; readonly depth: number }

/** What a lookup on the host proposes for a text; `tokens` may be changed in between, as the engine changes them. */
export async function hostLookup(options: LookupOptions, tokens: readonly number[]) {
  const { start } = await lookup({ ...options, on: 'host' }).load({} as never)
  const made = start({ tokens } as unknown as SessionView)
  return {
    truncate: (length: number) => made.truncate?.(length),
    propose: async (budget: Budget = { nodes: 9, depth: 9 }): Promise<readonly number[] | null> => {
      const draft = await made.propose(budget)
      return draft && 'tokens' in draft ? draft.tokens : null
    },
  }
}

/** What a lookup on a device leaves in the session's tree for a text. */
export async function deviceLookup(
  backend: Backend,
  options: LookupOptions,
  tokens: readonly number[],
  budget: Budget = { nodes: 9, depth: 9 },
): Promise<readonly number[] | null> {
  const owned = new Owned()
  const words = (values: ArrayLike<number>) => {
    const tensor = owned.add(backend.tensor([values.length], 'u32', 'test'))
    backend.write(tensor, Uint32Array.from(values))
    return tensor
  }
  // What lies beyond the text, and what earlier rounds left behind, must not matter.
  const history = words([...tokens, ...tokens, 3, 1, 2])
  const sequence = { history, length: words([tokens.length - 1]) }
  const tree = { tokens: words(new Array(MAX_TREE_ROWS).fill(5)), shape: words(new Array(MAX_TREE_ROWS).fill(77)) }
  try {
    const { start } = await lookup({ ...options, on: 'device' }).load({} as never)
    const made = start({ backend, sequence, tree } as unknown as SessionView)
    owned.add({ dispose: () => made.dispose?.() })
    const draft = made.propose(budget) as DeviceDraft | null
    if (draft === null) return null
    const read = await backend.submit(draft.programs, [tree.tokens, tree.shape])
    const [found, shape] = read.map((bytes) => new Uint32Array(bytes)) as [Uint32Array, Uint32Array]
    const rows = shape[0] as number
    return rows === 1 ? null : Array.from(found.subarray(1, rows))
  } finally {
    owned.dispose()
  }
}

/** Texts of few different tokens, so that much of them comes again: shorter and longer than a workgroup has lanes. */
export function randomTexts(): readonly { readonly tokens: readonly number[]; readonly options: LookupOptions }[] {
  const random = randomNumbers(11)
  return [1, 2, 3, 5, 9, 20, 255, 256, 257, 258, 700].flatMap((length) =>
    [2, 5, 30, 500].map((alphabet) => {
      const minNgram = 1 + random(2)
      return {
        tokens: Array.from({ length }, () => random(alphabet)),
        options: { minNgram, maxNgram: minNgram + random(4), tokens: 1 + random(8) },
      }
    }),
  )
}
