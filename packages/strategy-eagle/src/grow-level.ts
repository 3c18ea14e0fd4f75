import type { Ops, Tensor } from '@outrider/core'
import { NO_TOKEN } from '@outrider/core/spec'
import { type Candidates, REAL, ROOT, WORST } from './candidates'

const lanes = 256

/**
 * Takes what the head chose below each parent of level `level` (0: the pending token's children) into the candidates, and makes
 * the `topK` with the best cumulative log-probability, the earlier first among equals, the next rows of the head's own tree
 * (EAGLE-2, section 4.1). `last`: nothing below is to be drafted, and no rows are made.
 */
export function growLevel(ops: Ops, c: Candidates, args: { level: number; last: boolean; map: Tensor | null }): void {
  const { level, last, map } = args
  const { topK: k, at } = c
  const count = level === 0 ? k : k * k
  const first = c.before(level)
  const [up, down] = [c.expanded(level - 1), c.expanded(level)]
  ops.kernel({
    label: 'eagle grow level',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> logProbs: array<f32>;
@group(0) @binding(2) var<storage, read_write> board: array<u32>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> shape: array<u32>;
${targetId(map)}
var<workgroup> all: array<f32, ${count}>;
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < ${count}u; i += ${lanes}u) {
    var parent = ${ROOT}u;
    var score = 0.0;
    ${level === 0 ? '' : `parent = board[${up}u + i / ${k}u]; score = scores[parent];`}
    if (ids[i] == ${NO_TOKEN}u || score < ${REAL}) { score = ${WORST}; } else { score = score + logProbs[i]; }
    all[i] = score;
    board[${at.tokens + first}u + i] = target_id(ids[i]);
    board[${at.parents + first}u + i] = parent;
    scores[${first}u + i] = score;
  }
  ${last ? '' : ranking(count, k, level, first, down, at.above)}
}`,
    tensors: [
      { tensor: c.ids, access: 'read' },
      { tensor: c.logProbs, access: 'read' },
      { tensor: c.board, access: 'read_write' },
      { tensor: c.scores, access: 'read_write' },
      { tensor: c.tree.tokens, access: 'read_write' },
      { tensor: c.tree.shape, access: 'read_write' },
      ...(map ? [{ tensor: map, access: 'read' } as const] : []),
    ],
    workgroups: [1],
    reference: (views) => {
      const [ids, logProbs, board, scores, tokens, shape, target] = views as [
        Uint32Array,
        Float32Array,
        Uint32Array,
        Float32Array,
        Uint32Array,
        Uint32Array,
        Uint32Array | undefined,
      ]
      for (let i = 0; i < count; i++) {
        const parent = level === 0 ? ROOT : (board[up + Math.floor(i / k)] as number)
        const above = level === 0 ? 0 : (scores[parent] as number)
        const id = ids[i] as number
        scores[first + i] = id === NO_TOKEN || above < REAL ? WORST : above + (logProbs[i] as number)
        board[at.tokens + first + i] = target?.[id] ?? id
        board[at.parents + first + i] = parent
      }
      if (last) return
      const order = bestFirst(scores.subarray(first, first + count))
      for (let rank = 0; rank < k; rank++) {
        const i = order[rank] as number
        const row = 1 + level * k + rank
        board[down + rank] = first + i
        board[at.above + rank] = level === 0 ? 0 : Math.floor(i / k)
        tokens[row] = board[at.tokens + first + i] as number
        shape[row] = level === 0 ? 0 : 1 + (level - 1) * k + Math.floor(i / k)
      }
      shape[0] = 1 + (level + 1) * k
    },
  })
}

/** The target's id of a row of the LM head; NO_TOKEN, beyond every vocabulary, stays as it is. */
function targetId(map: Tensor | null): string {
  if (!map) return 'fn target_id(row: u32) -> u32 { return row; }'
  return /* wgsl */ `
@group(0) @binding(6) var<storage, read> map: array<u32>;
fn target_id(row: u32) -> u32 { if (row < ${map.shape[0]}u) { return map[row]; } return row; }`
}

/** The best `k` by score, in that order, become rows: each lane counts what is before its candidates. */
function ranking(count: number, k: number, level: number, first: number, down: number, above: number): string {
  return /* wgsl */ `
  workgroupBarrier();
  storageBarrier();
  for (var i = lane; i < ${count}u; i += ${lanes}u) {
    let mine = all[i];
    var rank = 0u;
    for (var o = 0u; o < ${count}u; o++) { rank += u32(all[o] > mine || (all[o] == mine && o < i)); }
    if (rank < ${k}u) {
      let row = ${1 + level * k}u + rank;
      board[${down}u + rank] = ${first}u + i;
      board[${above}u + rank] = ${level === 0 ? '0u' : `i / ${k}u`};
      tokens[row] = board[${first}u + i];
      shape[row] = ${level === 0 ? '0u' : `${1 + (level - 1) * k}u + i / ${k}u`};
    }
  }
  if (lane == 0u) { shape[0] = ${1 + (level + 1) * k}u; }`
}

/** Indices by score, the best first, the lower first among equals. */
export function bestFirst(scores: Float32Array): readonly number[] {
  return Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
}
