import {
  type DraftNoise,
  type DType,
  gumbelOf,
  type HostDraft,
  noiseWords,
  type Ops,
  Owned,
  Programs,
  type Proposer,
  type SessionView,
  type Strategy,
} from '@outrider/core'
import { INDEX, SAMPLING } from '@outrider/core/spec'

/** How a strategy draws its drafts, and what it says of it. */
export interface Drawing {
  /** Stream of the noise that it draws with. Default: the one that the session names. */
  readonly stream?: (noise: DraftNoise) => number
  /** What it draws from, by the law that it says. Default: that law. */
  readonly from?: (law: Float32Array) => Float32Array
  /** Whether it says the law at all. Default true. */
  readonly says?: boolean
}

/** Draws chains of two tokens from how often tokens followed one another in the text, and says so; greedy at temperature 0. */
export function drawing(name: string, { stream, from, says = true }: Drawing = {}): Strategy {
  return {
    specVersion: 1,
    name,
    load: async ({ target }) => ({
      start: (session) => ({
        propose: async ({ nodes, depth }): Promise<HostDraft> => {
          const { noise, tokens: text } = session
          const words = noise && (await wordsOf(session, noise, stream?.(noise) ?? noise.stream))
          const tokens: number[] = []
          const q: Float32Array[] = []
          while (tokens.length < Math.min(nodes, depth, 2)) {
            const law = followers(text, tokens.at(-1) ?? (text.at(-1) as number), target.config.vocab)
            if (!law) break
            const position = text.length + tokens.length
            tokens.push(best(from?.(law) ?? law, (id) => (words ? gumbelOf(words(position, id)) : 0)))
            q.push(law)
          }
          const parents = tokens.map((_, node) => node - 1)
          return { tokens, parents, ...(says && noise && { q: [...q, null] }) }
        },
      }),
    }),
  }
}

/** The session's noise on the host, by position and token. */
async function wordsOf(
  { backend }: SessionView,
  { sampling }: DraftNoise,
  stream: number,
): Promise<(position: number, id: number) => number> {
  const [bytes] = await backend.submit([], [sampling.params])
  const [seedLow = 0, seedHigh = 0, sequence = 0] = new Uint32Array(bytes as ArrayBuffer).subarray(SAMPLING.seedLow)
  const key = { seedLow, seedHigh, sequence, stream }
  return (position, id) => noiseWords(key, position, id >> 2)[id & 3] as number
}

/** Probabilities of what followed `token` in the text; null where nothing did. */
function followers(text: readonly number[], token: number, vocab: number): Float32Array | null {
  const law = new Float32Array(vocab)
  const found = text.slice(1).filter((_, i) => text[i] === token)
  for (const next of found) law[next] = (law[next] as number) + 1 / found.length
  return found.length > 0 ? law : null
}

function best(law: Float32Array, noise: (id: number) => number): number {
  const scores = Array.from(law, (p, id) => (p > 0 ? Math.log(p) + noise(id) : Number.NEGATIVE_INFINITY))
  return scores.indexOf(Math.max(...scores))
}

/** Draws one token on the device, flat over the vocabulary; `stream`: with which noise, the session's where it is not given. */
export function drawingOnDevice(name: string, stream?: (noise: DraftNoise) => number): Strategy {
  return {
    specVersion: 1,
    name,
    load: async ({ target }) => ({
      start: (session) => flatProposer(session, target.config.vocab, stream ?? ((noise) => noise.stream)),
    }),
  }
}

function flatProposer(session: SessionView, vocab: number, stream: (noise: DraftNoise) => number): Proposer {
  const { backend, tree, sequence } = session
  const owned = new Owned()
  const programs = owned.add(new Programs(backend))
  const made = (shape: readonly number[], dtype: DType) => {
    try {
      return owned.add(backend.tensor(shape, dtype, 'flat'))
    } catch (error) {
      owned.dispose()
      throw error
    }
  }
  const logits = made([1, vocab], 'f32')
  const index = made([INDEX.words], 'u32')
  const record = (ops: Ops, noise: DraftNoise | null) => {
    ops.treeIndex({ tree, sequence, index })
    const pass = { rows: 1, first: 0, tokens: tree.tokens, index }
    if (noise) ops.perturbLogits({ logits, vocab, pass, sampling: noise.sampling, stream: stream(noise) })
    ops.argmax({ logits, vocab, rows: 1, out: tree.tokens, at: 1 })
  }
  return {
    propose: () => {
      backend.write(logits, new Float32Array(vocab))
      const { noise } = session
      return {
        programs: [programs.get(`flat${noise ? ' noise' : ''}`, (ops) => record(ops, noise))],
        nodes: 1,
        parents: [-1],
      }
    },
    dispose: () => owned.dispose(),
  }
}
