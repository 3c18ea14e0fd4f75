import { type Backend, exact, type HostDraft, Owned, type Program, samplingWords, type Tensor } from '@outrider/core'
import { INDEX, MAX_TREE_ROWS, NO_TOKEN, OUTCOME, SAMPLING } from '@outrider/core/spec'
import { type LaneJudge, type LaneRound, rowDepths } from './monte-carlo'
import { RejectionLanes } from './rejection-lanes'

/** What every lane is made of. */
export interface LaneShape {
  readonly lanes: number
  readonly parents: readonly number[]
  readonly vocab: number
}

/** The kernels of `rejection`; where drafts say what they were drawn from, as the first of them says it. */
export function rejectionLanes(backend: Backend, shape: LaneShape): LaneJudge {
  const { lanes, parents, vocab } = shape
  const rows = parents.length + 1
  const walk = new RejectionLanes(backend, shape)
  const judge = async (round: LaneRound): Promise<readonly (readonly number[])[]> => {
    const { trees, length, seed, sequence } = round
    const q = Array.from({ length: rows }, (_, row) => trees[0]?.q?.[row] ?? null)
    const drawn = new Float32Array(rows * vocab)
    for (const [row, law] of q.entries()) if (law) drawn.set(law.map(Math.log), row * vocab)
    const outcomes = await walk.judge({
      tokens: laneTokens(trees, rows),
      logits: rowLogits(round, parents, vocab),
      drawn,
      said: Uint32Array.from(q, (law) => (law ? 1 : 0)),
      params: samplingWords({ temperature: 1, seed, sequence }),
      length,
    })
    return outcomes.map(emitted)
  }
  return { lanes, judge, dispose: () => walk.dispose() }
}

/** `exact` as an engine records it, once a lane; lanes differ in their position, not their sequence. */
export function exactLanes(backend: Backend, { lanes, parents, vocab }: LaneShape): LaneJudge {
  const owned = new Owned()
  const rows = parents.length + 1
  const words = (count: number) => owned.add(backend.tensor([count], 'u32', 'lanes'))
  const sampling = {
    params: words(SAMPLING.words),
    counts: words(vocab),
    bias: owned.add(backend.tensor([vocab], 'f32', 'lanes')),
  }
  const logits = owned.add(backend.tensor([rows, vocab], 'f32', 'lanes'))
  const tokens = Array.from({ length: lanes }, () => words(MAX_TREE_ROWS))
  const outcomes = Array.from({ length: lanes }, () => words(OUTCOME.words))
  const shape = words(MAX_TREE_ROWS)
  backend.write(shape, Uint32Array.from([rows, ...parents.map((parent) => parent + 1)]))
  const history = words(lanes * rows)
  const verdict = 'device' in exact ? owned.add(exact.device.start(backend, rows)) : null
  const indexes = tokens.map(() => words(INDEX.words))
  const lay: Program = owned.add(
    backend.program('trees', (ops) => {
      for (const [lane, index] of indexes.entries()) {
        const length = words(1)
        backend.write(length, Uint32Array.of(lane * rows))
        ops.treeIndex({ tree: { tokens: tokens[lane] as Tensor, shape }, sequence: { history, length }, index })
      }
    }),
  )
  const program: Program = owned.add(
    backend.program('lanes', (ops) => {
      for (const [lane, index] of indexes.entries()) {
        const pass = { rows, first: 0, tokens: tokens[lane] as Tensor, index }
        verdict?.record(ops, { logits, vocab, pass, sampling, outcome: outcomes[lane] as Tensor })
      }
    }),
  )
  const laid = backend.submit([lay])
  const judge = async (round: LaneRound): Promise<readonly (readonly number[])[]> => {
    const { trees, seed, sequence } = round
    await laid
    const ids = laneTokens(trees, rows)
    for (const [lane, tensor] of tokens.entries()) backend.write(tensor, ids.subarray(lane * rows, (lane + 1) * rows))
    backend.write(logits, rowLogits(round, parents, vocab))
    backend.write(sampling.params, samplingWords({ temperature: 1, seed, sequence }))
    const found = await backend.submit([program], outcomes)
    return found.map((bytes) => emitted(new Uint32Array(bytes)))
  }
  return { lanes, judge, dispose: () => owned.dispose() }
}

/**
 * The draws of `exact`, the rows of all drafts being rows of one pass, each at its own position: `ops.sample` as a round has it. Which
 * of them are emitted is walked here; `ops.walkTree` is held to the same words elsewhere.
 */
export function sampledLanes(backend: Backend, { lanes, parents, vocab }: LaneShape): LaneJudge {
  const owned = new Owned()
  const words = (count: number) => owned.add(backend.tensor([count], 'u32', 'lanes'))
  const depths = rowDepths(parents)
  const rows = lanes * depths.length
  const sampling = {
    params: words(SAMPLING.words),
    counts: words(vocab),
    bias: owned.add(backend.tensor([vocab], 'f32', 'lanes')),
  }
  const logits = owned.add(backend.tensor([rows, vocab], 'f32', 'lanes'))
  const [tokens, choices, index] = [words(MAX_TREE_ROWS), words(rows), words(INDEX.words)]
  backend.write(index, Uint32Array.of(rows), INDEX.rows)
  const positions = Array.from({ length: rows }, (_, row) => row - (row % depths.length) + depthOf(depths, row))
  backend.write(index, Uint32Array.from(positions), INDEX.positions)
  const program: Program = owned.add(
    backend.program('lanes', (ops) =>
      ops.sample({ logits, vocab, pass: { rows, first: 0, tokens, index }, sampling, out: choices }),
    ),
  )
  const judge = async (round: LaneRound): Promise<readonly (readonly number[])[]> => {
    const { trees, seed, sequence } = round
    const own = rowLogits(round, parents, vocab)
    backend.write(
      logits,
      Float32Array.from({ length: rows * vocab }, (_, i) => own[i % own.length] as number),
    )
    backend.write(sampling.params, samplingWords({ temperature: 1, seed, sequence }))
    const [bytes] = await backend.submit([program], [choices])
    const chosen = Array.from(new Uint32Array(bytes as ArrayBuffer))
    return trees.map((tree, lane) => agreed(tree, chosen.slice(lane * depths.length, (lane + 1) * depths.length)))
  }
  return { lanes, judge, dispose: () => owned.dispose() }
}

function depthOf(depths: readonly number[], row: number): number {
  return depths[row % depths.length] as number
}

/** Accept-iff-equal. */
function agreed({ tokens, parents }: HostDraft, choices: readonly number[]): readonly number[] {
  const out: number[] = []
  for (let row = 0; row >= 0; ) {
    const choice = choices[row] as number
    out.push(choice)
    row = tokens.findIndex((token, node) => token === choice && parents[node] === row - 1) + 1 || -1
  }
  return out
}

/** Tokens of each lane's rows; a draft that has fewer has no tokens there. */
function laneTokens(trees: readonly HostDraft[], rows: number): Uint32Array {
  const ids = new Uint32Array(trees.length * rows).fill(NO_TOKEN)
  for (const [lane, { tokens }] of trees.entries()) ids.set(tokens, lane * rows + 1)
  return ids
}

function rowLogits({ logits }: LaneRound, parents: readonly number[], vocab: number): Float32Array {
  const depths = rowDepths(parents)
  return Float32Array.from(
    { length: depths.length * vocab },
    (_, i) => logits(depths[Math.floor(i / vocab)] as number)[i % vocab] as number,
  )
}

function emitted(outcome: Uint32Array): readonly number[] {
  const accepted = outcome[OUTCOME.accepted] as number
  return [...outcome.subarray(OUTCOME.tokens, OUTCOME.tokens + accepted + 1)]
}
