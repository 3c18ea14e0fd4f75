import type { Ops, TreeTensors } from '@outrider/core'
import { type Candidates, REAL, ROOT } from './candidates'
import { bestFirst } from './grow-level'

const lanes = 64

/**
 * The best `nodes` of the first `count` candidates become the round's tree, in the order of their numbers (EAGLE-2, section 4.2).
 * A score falls along a path, and a parent comes before its children among equals, so the best are a connected tree with parents
 * first. What is no token is left out; the tree may have fewer nodes.
 */
export function collectTree(
  ops: Ops,
  c: Candidates,
  { count, nodes, tree }: { count: number; nodes: number; tree: TreeTensors },
): void {
  const { at } = c
  const workgroups = [Math.ceil(count / lanes)] as const
  ops.kernel({
    label: 'eagle rank candidates',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> board: array<u32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${count}u) { return; }
  let mine = scores[i];
  var rank = 0u;
  for (var o = 0u; o < ${count}u; o++) {
    let other = scores[o];
    rank += u32(other > mine || (other == mine && o < i));
  }
  board[${at.ranks}u + i] = select(${nodes}u, rank, mine > ${REAL});
}`,
    tensors: [
      { tensor: c.scores, access: 'read' },
      { tensor: c.board, access: 'read_write' },
    ],
    workgroups,
    reference: (views) => {
      const [scores, board] = views as [Float32Array, Uint32Array]
      bestFirst(scores.subarray(0, count)).forEach((i, rank) => {
        board[at.ranks + i] = (scores[i] as number) > REAL ? rank : nodes
      })
    },
  })
  ops.kernel({
    label: 'eagle collect tree',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> board: array<u32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> shape: array<u32>;
fn chosen(i: u32) -> bool { return board[${at.ranks}u + i] < ${nodes}u; }
fn row_of(i: u32) -> u32 {
  var row = 1u;
  for (var o = 0u; o < i; o++) { row += u32(chosen(o)); }
  return row;
}
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i == 0u) { shape[0] = row_of(${count}u); }
  if (i >= ${count}u || !chosen(i)) { return; }
  let row = row_of(i);
  tokens[row] = board[i];
  let parent = board[${at.parents}u + i];
  if (parent == ${ROOT}u) { shape[row] = 0u; } else { shape[row] = row_of(parent); }
}`,
    tensors: [
      { tensor: c.board, access: 'read' },
      { tensor: tree.tokens, access: 'read_write' },
      { tensor: tree.shape, access: 'read_write' },
    ],
    workgroups,
    reference: (views) => {
      const [board, tokens, shape] = views as [Uint32Array, Uint32Array, Uint32Array]
      const rows = new Map<number, number>([[ROOT, 0]])
      for (let i = 0; i < count; i++)
        if ((board[at.ranks + i] as number) < nodes) {
          const row = rows.size
          rows.set(i, row)
          tokens[row] = board[at.tokens + i] as number
          shape[row] = rows.get(board[at.parents + i] as number) as number
        }
      shape[0] = rows.size
    },
  })
}
