import type { Ops, Tensor, TreeTensors } from '@outrider/core'
import { NO_TOKEN } from '@outrider/core/spec'
import { type GrownCandidates, ROOT } from './grown-candidates'

const lanes = 256

/** Score of what is no token: below every sum of log-probabilities, and finite, as shaders want it. */
const worst = -1e30
/** Scores from here on are real ones. */
const real = -1e29

/** What a tree grows from, and where it goes. */
export interface GrownTree {
  readonly candidates: GrownCandidates
  /** u32 [2 · candidates]: their paths, then their parents. */
  readonly board: Tensor
  /** u32, f32 [heads · choices]: what each head chose, best first, and its log-probabilities, nats. */
  readonly ids: Tensor
  readonly logProbs: Tensor
  /** u32 [vocab]: the target's id of each id; null where they are the target's own. */
  readonly map: Tensor | null
  /** Nodes that are kept. */
  readonly nodes: number
  readonly tree: TreeTensors
}

/**
 * The best `nodes` candidates become the round's tree, the best first: a score is the sum of the log-probabilities on a path, as if
 * heads did not depend on one another, and falls along it; among equals the lower number comes first, so that parents do. What is no
 * token, or below none, is left out; the tree may have fewer nodes.
 */
export function growTree(ops: Ops, grown: GrownTree): void {
  const { board, ids, logProbs, map, tree } = grown
  ops.kernel({
    label: 'medusa grow tree',
    wgsl: shader(grown),
    tensors: [
      { tensor: board, access: 'read' },
      { tensor: ids, access: 'read' },
      { tensor: logProbs, access: 'read' },
      { tensor: tree.tokens, access: 'read_write' },
      { tensor: tree.shape, access: 'read_write' },
      ...(map ? [{ tensor: map, access: 'read' } as const] : []),
    ],
    workgroups: [1],
    reference: (views) => grow(views as Views, grown),
  })
}

/** One workgroup. A candidate's rank is how many are before it: each lane counts for its own. */
function shader({ candidates, nodes, map }: GrownTree): string {
  const { levels, choices, paths } = candidates
  const count = paths.length
  const each = (body: string) => `for (var i = lane; i < ${count}u; i += ${lanes}u) { ${body} }`
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> board: array<u32>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> logProbs: array<f32>;
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> shape: array<u32>;
${map ? '@group(0) @binding(5) var<storage, read> map: array<u32>;' : ''}
var<workgroup> chosen: array<f32, ${levels * choices}>;
var<workgroup> scores: array<f32, ${count}>;
var<workgroup> ranks: array<u32, ${count}>;
var<workgroup> rows: atomic<u32>;
fn rank_of(path: u32, level: u32) -> u32 { return (path >> (3u + 5u * level)) & 31u; }
fn token_of(path: u32) -> u32 {
  let last = (path & 7u) - 1u;
  let id = ids[last * ${choices}u + rank_of(path, last)];
  ${map ? `if (id < ${map.shape[0]}u) { return map[id]; }` : ''}
  return id;
}
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < ${levels * choices}u; i += ${lanes}u) {
    chosen[i] = select(logProbs[i], ${worst}, ids[i] == ${NO_TOKEN}u);
  }
  workgroupBarrier();
  ${each(`
    let path = board[i];
    var score = 0.0;
    for (var level = 0u; level < (path & 7u); level++) {
      score += chosen[level * ${choices}u + rank_of(path, level)];
    }
    scores[i] = score;`)}
  workgroupBarrier();
  ${each(`
    let mine = scores[i];
    var rank = 0u;
    for (var o = 0u; o < ${count}u; o++) {
      let other = scores[o];
      rank += u32(other > mine || (other == mine && o < i));
    }
    ranks[i] = select(${nodes}u, rank, mine > ${real});`)}
  workgroupBarrier();
  ${each(`
    let rank = ranks[i];
    if (rank < ${nodes}u) {
      tokens[rank + 1u] = token_of(board[i]);
      let parent = board[${count}u + i];
      if (parent == ${ROOT}u) { shape[rank + 1u] = 0u; } else { shape[rank + 1u] = ranks[parent] + 1u; }
      atomicMax(&rows, rank + 1u);
    }`)}
  workgroupBarrier();
  if (lane == 0u) { shape[0] = atomicLoad(&rows) + 1u; }
}`
}

type Views = readonly [Uint32Array, Uint32Array, Float32Array, Uint32Array, Uint32Array, Uint32Array | undefined]

/** The same in plain loops. */
function grow([board, ids, logProbs, tokens, shape, map]: Views, { candidates, nodes }: GrownTree): void {
  const { choices, paths } = candidates
  const scores = Float32Array.from(paths, (path) => {
    let score = 0
    for (let level = 0; level < (path & 7); level++) {
      const place = level * choices + rankOf(path, level)
      score = Math.fround(score + (ids[place] === NO_TOKEN ? worst : (logProbs[place] as number)))
    }
    return score
  })
  const order = Array.from(paths.keys())
    .filter((i) => (scores[i] as number) > real)
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, nodes)
  const rows = new Map<number, number>([[ROOT, 0], ...order.map((i, rank) => [i, rank + 1] as const)])
  for (const i of order) {
    const path = board[i] as number
    const last = (path & 7) - 1
    const id = ids[last * choices + rankOf(path, last)] as number
    const row = rows.get(i) as number
    tokens[row] = map?.[id] ?? id
    shape[row] = rows.get(board[paths.length + i] as number) as number
  }
  shape[0] = order.length + 1
}

function rankOf(path: number, level: number): number {
  return (path >>> (3 + 5 * level)) & 31
}
