import {
  type Backend,
  type Budget,
  createEngine,
  type Engine,
  type ModelLocation,
  type Ops,
  Owned,
  type Program,
  type Proposer,
  type SessionView,
  type Strategy,
  type Tensor,
  type TokenTree,
} from '@outrider/core'
import type { TopTokens } from './reference'

/** Tokens that are kept of each row that a drafter chooses from. */
const kept = 8

/** What a drafter chose from at one place of a program: ids u32 and log-probabilities f32 of the best, [rows, kept]. */
interface Tap {
  readonly rows: number
  readonly ids: Tensor
  readonly logProbs: Tensor
}

/** What is kept of one program. */
interface Taps {
  readonly chosen: Tap[]
  /** Logits before noise was added to them, f32 [rows, vocab]. */
  readonly drawn: Tensor[]
}

/** How a session samples while it is looked at. */
export interface ProbeSampling {
  readonly temperature: number
  readonly seed: number
}

/**
 * Looks at what a strategy drafts: an engine's own loop prefills the tokens, the proposer drafts, and nothing is verified.
 * Every `argmax` and `topK` of its programs is tapped for the best `kept` tokens (draft ids, where it has a vocabulary of its own),
 * and every `perturbLogits` for the logits that it finds.
 */
export class DraftProbe {
  readonly #owned = new Owned()
  readonly #taps: ReadonlyMap<Program, Taps>
  readonly #engine: Engine
  readonly #watched: Watched
  #stepper: ReturnType<Engine['openStepper']> | null = null

  private constructor(engine: Engine, watched: Watched, taps: ReadonlyMap<Program, Taps>) {
    this.#engine = engine
    this.#watched = watched
    this.#taps = taps
  }

  static async open(options: {
    readonly backend: Backend
    readonly model: ModelLocation
    readonly strategy: Strategy
    readonly capacity?: number
    readonly maxRows?: number
  }): Promise<DraftProbe> {
    const { strategy, backend, ...limits } = options
    const taps = new Map<Program, Taps>()
    const watched: Watched = { session: null, proposer: null, followed: [] }
    const owned = new Owned()
    const engine = await createEngine({
      capacity: 256,
      selfCheck: false,
      ...limits,
      backend,
      strategies: [watching(strategy, watched, (session) => tapped(session.backend, owned, taps))],
    })
    const probe = new DraftProbe(engine, watched, taps)
    probe.#owned.add(owned)
    return probe
  }

  /** A session of its own over `tokens`: all but the last are prefilled, which is pending then. Greedy where it does not sample. */
  async start(tokens: readonly number[], sampling?: ProbeSampling): Promise<void> {
    if (this.#stepper) this.#engine.closeStepper(this.#stepper)
    this.#stepper = this.#engine.openStepper({ strategy: this.#engine.strategies[1] as string })
    await this.extend(tokens)
    if (sampling) this.sample(sampling)
  }

  /** From now on the session samples. */
  sample(params: ProbeSampling): void {
    const stages = {
      adjust: true,
      filter: false,
      count: false,
      noise: params.temperature > 0,
      logProbs: false,
      rounds: false,
    }
    this.#stepper?.begin({ params, bias: null, stages })
  }

  /** Commits more tokens: the pending one and all but the last of these are prefilled. */
  async extend(tokens: readonly number[]): Promise<void> {
    if (!this.#stepper) throw new Error('start a session first')
    await this.#stepper.extend(tokens)
  }

  /** What the proposer drafts now, the best tokens of each row that it chose from, and those rows before noise, in order. */
  async draft(budget: Budget): Promise<ProbedDraft> {
    const { session, proposer, followed } = this.#watched
    if (!session || !proposer) throw new Error('start a session first')
    const draft = await proposer.propose(budget)
    if (!draft) return { tree: { tokens: [], parents: [] }, steps: [], drawn: [] }
    if (!('programs' in draft)) return { tree: draft, steps: [], drawn: [] }
    const { backend } = this.#engine
    const { tokens, shape } = session.tree
    if (draft.parents)
      backend.write(shape, Uint32Array.from([draft.nodes + 1, ...draft.parents.map((parent) => parent + 1)]))
    const all = [...followed, ...draft.programs].flatMap((program) => this.#taps.get(program) ?? [])
    const taps = all.flatMap(({ chosen }) => chosen)
    const drawn = all.flatMap(({ drawn }) => drawn)
    const read = [tokens, shape, ...taps.flatMap(({ ids, logProbs }) => [ids, logProbs]), ...drawn]
    const [tokenBytes, shapeBytes, ...tapped] = await backend.submit(draft.programs, read)
    const before = tapped.slice(2 * taps.length)
    return {
      tree: treeOf(new Uint32Array(tokenBytes as ArrayBuffer), new Uint32Array(shapeBytes as ArrayBuffer)),
      steps: taps.flatMap(({ rows }, i) =>
        topTokens(tapped[2 * i] as ArrayBuffer, tapped[2 * i + 1] as ArrayBuffer, rows),
      ),
      drawn: drawn.flatMap(({ shape: [rows = 0, vocab = 0] }, i) =>
        Array.from({ length: rows }, (_, row) => new Float32Array(before[i] as ArrayBuffer, 4 * row * vocab, vocab)),
      ),
    }
  }

  async dispose(): Promise<void> {
    await this.#engine.dispose()
    this.#owned.dispose()
  }
}

/** One draft, looked at. */
export interface ProbedDraft {
  readonly tree: TokenTree
  readonly steps: readonly TopTokens[]
  /** f32 [vocab] each: logits before noise; none while decoding is greedy. */
  readonly drawn: readonly Float32Array[]
}

/** The session that runs now, its proposer, and the programs with which that followed the last pass. */
interface Watched {
  session: SessionView | null
  proposer: Proposer | null
  followed: readonly Program[]
}

/** `inner`, with its sessions on `backendOf` and what it does in `watched`. */
function watching(inner: Strategy, watched: Watched, backendOf: (session: SessionView) => Backend): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...(loaded.needs && { needs: loaded.needs }),
        start: (session) => {
          const backend = backendOf(session)
          const proposer = loaded.start(
            new Proxy(session, { get: (target, key) => (key === 'backend' ? backend : Reflect.get(target, key)) }),
          )
          Object.assign(watched, { session, proposer, followed: [] })
          return {
            propose: (budget) => proposer.propose(budget),
            follow: (pass) => {
              watched.followed = proposer.follow?.(pass) ?? []
              return watched.followed
            },
            observe: (committed) => proposer.observe?.(committed),
            truncate: (length) => proposer.truncate?.(length) ?? length,
            dispose: () => proposer.dispose?.(),
          }
        },
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

/** `backend`, whose programs also keep what is chosen from. */
function tapped(backend: Backend, owned: Owned, taps: Map<Program, Taps>): Backend {
  const tap = (vocab: number, rows: number): Tap => {
    const shape = [rows, Math.min(kept, vocab)]
    return {
      rows,
      ids: owned.add(backend.tensor(shape, 'u32', 'tapped ids')),
      logProbs: owned.add(backend.tensor(shape, 'f32', 'tapped log-probabilities')),
    }
  }
  const program: Backend['program'] = (label, record) => {
    const found: Taps = { chosen: [], drawn: [] }
    const recorded = backend.program(label, (ops) => {
      const look = ({ logits, vocab, rows }: { logits: Tensor; vocab: number; rows: number }) => {
        const to = tap(vocab, rows)
        found.chosen.push(to)
        ops.topK({ logits, vocab, rows, k: Math.min(kept, vocab), ids: to.ids, logProbs: to.logProbs })
      }
      const watched: Ops = {
        ...ops,
        argmax: (args) => {
          look(args)
          ops.argmax(args)
        },
        topK: (args) => {
          look(args)
          ops.topK(args)
        },
        perturbLogits: (args) => {
          const { logits: x, vocab, pass } = args
          const out = owned.add(backend.tensor([pass.rows, vocab], 'f32', 'tapped logits'))
          found.drawn.push(out)
          ops.concat({ parts: [{ x }], out, rows: pass.rows })
          ops.perturbLogits(args)
        },
      }
      record(watched)
    })
    taps.set(recorded, found)
    return recorded
  }
  return new Proxy(backend, {
    get: (target, key) => {
      if (key === 'program') return program
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function treeOf(tokens: Uint32Array, shape: Uint32Array): TokenTree {
  const rows = shape[0] as number
  return {
    tokens: Array.from(tokens.subarray(1, rows)),
    parents: Array.from(shape.subarray(1, rows), (row) => row - 1),
  }
}

function topTokens(ids: ArrayBuffer, logProbs: ArrayBuffer, rows: number): readonly TopTokens[] {
  const [words, floats] = [new Uint32Array(ids), new Float32Array(logProbs)]
  const width = words.length / rows
  return Array.from({ length: rows }, (_, row) => ({
    ids: Array.from(words.subarray(row * width, (row + 1) * width)),
    logProbs: Array.from(floats.subarray(row * width, (row + 1) * width)),
  }))
}
