import { chain, type HostDraft, type Proposer, type SessionView, type Strategy } from '@outrider/core'
import { ACCEPTANCE_STREAM } from '@outrider/core/spec'
import { drawing, drawingOnDevice } from './drawn-drafts'
import { strategyOf } from './strategies'

/** What so many of the likeliest tokens have, of equals the first. */
function most(law: Float32Array, count: number): Float32Array {
  const kept = Array.from(law.keys())
    .sort((a, b) => (law[b] as number) - (law[a] as number))
    .slice(0, count)
  return law.map((p, id) => (kept.includes(id) ? p : 0))
}

/** A chain of four tokens that depends on the last ones, within the budget. */
function guess(tokens: readonly number[], budget: { readonly nodes: number; readonly depth: number }): HostDraft {
  const [a = 0, b = 0, c = 0] = tokens.slice(-3)
  const seed = a + 3 * b + 7 * c
  return chain([1, 2, 3, 4].slice(0, Math.min(budget.nodes, budget.depth)).map((i) => (seed * i + i) % 31))
}

const from = (propose: (session: SessionView) => Proposer['propose']): Strategy =>
  strategyOf('broken', (session) => ({ propose: propose(session) }))

/**
 * Keeps an entry of its own for every token but the pending one, as a draft model keeps keys and values: `enters` says which entries a
 * round brings.
 */
function caching(enters: (entries: readonly number[], whole: boolean) => readonly number[], goesBack = true): Strategy {
  return strategyOf('broken', (session) => {
    let held: number[] = []
    let nodes = 0
    return {
      propose: (budget) => {
        const draft = guess([...held, ...session.tokens.slice(-1)], budget)
        nodes = draft.tokens.length
        return draft
      },
      observe: ({ length, accepted, own }) => {
        held = [...held, ...enters(session.tokens.slice(held.length, length), own && nodes > 0 && accepted === nodes)]
      },
      truncate: (length) => {
        if (goesBack) held = held.slice(0, length)
        return Math.min(length, held.length)
      },
    }
  })
}

/** A strategy with a state of its own that does all right. */
export const careful = (): Strategy => caching((entries) => entries)

/** By what is wrong with it: the strategy, and the check that is to find it. */
export const brokenStrategies: Readonly<Record<string, readonly [make: () => Strategy, check: string]>> = {
  'drafts by the tokens on the host and says that it need not wait for them': [
    () =>
      strategyOf('broken', (session) => ({
        ahead: true,
        propose: ({ nodes, depth }) =>
          chain([1, 2, 3].slice(0, Math.min(nodes, depth, 1 + (session.tokens.length % 3)))),
      })),
    'rounds that are begun ahead',
  ],
  'says that another generation may take it over and remembers the one before': [
    () =>
      strategyOf('broken', ({ tokens }) => {
        let seen = 0
        return {
          reusable: true,
          propose: (budget) => guess([...tokens, seen], budget),
          observe: (committed) => {
            seen += committed.tokens.length
          },
        }
      }),
    'a generation that takes a session over',
  ],
  'takes the trees that it is told and drafts its own': [
    () =>
      strategyOf('broken', ({ tokens }) => ({
        shapes: { levels: 3, choices: 4 },
        propose: (budget) => guess(tokens, budget),
      })),
    'trees that are named',
  ],
  'changes the committed tokens': [
    () =>
      from(({ tokens }) => (budget) => {
        ;(tokens as number[])[0] = 9
        return guess(tokens, budget)
      }),
    'inputs are left as they were',
  ],
  'proposes over budget': [
    () => from(() => () => chain([3, 4, 5, 6, 7])),
    'drafts are well-formed trees within the budget',
  ],
  'changes what its host says': [
    () => ({
      specVersion: 1,
      name: 'broken',
      load: async ({ target }) => {
        ;(target.config.eos as number[]).push(7)
        return { start: ({ tokens }) => ({ propose: (budget) => guess(tokens, budget) }) }
      },
    }),
    'inputs are left as they were',
  ],
  'drafts deeper than what is left': [
    () =>
      from(
        ({ tokens }) =>
          (budget) =>
            guess(tokens, { nodes: budget.nodes, depth: 4 }),
      ),
    'maxTokens ends inside an accepted block',
  ],
  'cannot go back to the middle of a block': [
    () =>
      strategyOf('broken', ({ tokens }) => {
        let held = 0
        return {
          propose: (budget) => guess(tokens, budget),
          observe: ({ length }) => {
            held = length
          },
          truncate: (length) => (length < held ? -1 : length),
        }
      }),
    'end-of-sequence, stop tokens and stop texts end inside an accepted block',
  ],
  'leaks what its start took where it fails': [
    () =>
      strategyOf('broken', ({ backend, tokens }) => {
        const held = [backend.tensor([8], 'u32', 'first'), backend.tensor([8], 'u32', 'second')]
        return {
          propose: (budget) => guess(tokens, budget),
          dispose: () => {
            for (const tensor of held) tensor.dispose()
          },
        }
      }),
    'a session that cannot start leaves nothing on the device',
  ],
  'never drafts': [() => from(() => () => null), 'something is drafted where prompts repeat themselves'],
  'draws the likeliest token and says that it drew': [
    () => drawing('broken', { from: (law) => most(law, 1) }),
    "tokens have the target's distribution under rejection",
  ],
  'says what it drew from before tokens were left out': [
    () => drawing('broken', { from: (law) => most(law, 3) }),
    "tokens have the target's distribution under rejection",
  ],
  'draws with the noise that decides what is kept': [
    () => drawing('broken', { stream: () => ACCEPTANCE_STREAM }),
    "tokens have the target's distribution under rejection",
  ],
  "draws on the device with the target's noise": [
    () => drawingOnDevice('broken', () => 0),
    'drafts are drawn with noise of their own',
  ],
  'draws with Math.random': [
    () => from(() => () => chain([Math.floor(Math.random() * 31)])),
    'the same seed gives the same run',
  ],
  'writes the pending token': [
    () =>
      from(({ backend, sequence, tokens }) => (budget) => {
        backend.write(sequence.history, Uint32Array.of(7), tokens.length - 1)
        return guess(tokens, budget)
      }),
    'ids are those of plain decoding at temperature 0',
  ],
  'forgets the token that a draft kept whole left out of its cache': [
    () => caching((entries, whole) => (whole ? [...entries.slice(0, -1), 0] : entries)),
    'after every outcome drafts are those of a fresh session',
  ],
  'keeps what was refused': [
    () => caching((entries) => entries, false),
    'going back gives the drafts of a fresh session',
  ],
  'keeps state across sessions': [
    () => {
      const seen: number[] = []
      return strategyOf('broken', () => ({
        propose: (budget) => guess(seen, budget),
        observe: ({ tokens }) => void seen.push(...tokens),
      }))
    },
    'sessions do not see one another',
  ],
  'leaks memory': [
    () =>
      strategyOf('broken', ({ backend, tokens }) => {
        backend.tensor([8], 'u32', 'leak')
        return { propose: (budget) => guess(tokens, budget) }
      }),
    'abort and disposal leave nothing on the device',
  ],
  'leaks programs': [
    () =>
      strategyOf('broken', ({ backend, tokens }) => {
        backend.program('leak', () => {})
        return { propose: (budget) => guess(tokens, budget) }
      }),
    'abort and disposal leave nothing on the device',
  ],
  'hides that the device is lost': [
    () =>
      from(({ backend, tokens }) => async (budget) => {
        await backend.submit([], []).catch(() => {
          throw new Error('something went wrong')
        })
        return guess(tokens, budget)
      }),
    'a device lost in the middle of a round',
  ],
}
