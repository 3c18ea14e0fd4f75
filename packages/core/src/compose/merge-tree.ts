import type { Ops, Tensor, TreeTensors } from '../spec'
import { MAX_PATH, MAX_TREE_ROWS } from '../spec'
import { movedBits } from './merge-host'

/** A tree that is to become part of another, both on the device. */
export interface MergedTree {
  readonly from: TreeTensors
  /** The bits of those who drafted `from`, in the words of `credit`. */
  readonly bits: readonly number[]
  /** u32 [MAX_TREE_ROWS] by row of `from`: bit i says that `bits[i]` is to be set. null: the first of `bits`, for every node. */
  readonly words: Tensor | null
  readonly into: TreeTensors
  /** u32 [MAX_TREE_ROWS] by row of `into`: who proposed it. */
  readonly credit: Tensor
  /**
   * `first`: whatever stands in `into`, it becomes `from`, row by row. `before`: the same, but only where `from` has a node. `beside`:
   * `from` is merged into what stands there.
   */
  readonly place: 'first' | 'before' | 'beside'
  /** What stands in `into`, where it still lies elsewhere: it is laid there first, its nodes credited to `bit`. */
  readonly onto?: { readonly tree: TreeTensors; readonly bit: number }
  /** Most rows of `into`, the pending token's included. */
  readonly maxRows: number
}

/**
 * Takes a tree into another: a node whose path of tokens stands there already becomes that node (the lowest row of equals) and its
 * credit is added; the others are appended in their order, so parents come first. What is beyond `maxRows` is left out.
 *
 * One workgroup, a lane a row. A lane looks for the row with its own path by walking up both trees at once, which ends at the first
 * token that differs: no lane waits for its parent's.
 */
export function mergeTree(ops: Ops, args: MergedTree): void {
  const { from, words, into, credit, onto } = args
  ops.kernel({
    label: 'merge tree',
    wgsl: shader(args),
    tensors: [
      { tensor: from.tokens, access: 'read' },
      { tensor: from.shape, access: 'read' },
      { tensor: into.tokens, access: 'read_write' },
      { tensor: into.shape, access: 'read_write' },
      { tensor: credit, access: 'read_write' },
      ...[...(words ? [words] : []), ...(onto ? [onto.tree.tokens, onto.tree.shape] : [])].map(
        (tensor) => ({ tensor, access: 'read' }) as const,
      ),
    ],
    workgroups: [1],
    reference: (views) => merge(views as readonly Uint32Array[], args),
  })
}

function shader({ bits, words, place, onto, maxRows }: MergedTree): string {
  const proposed = words
    ? bits.map((bit, i) => `(((words[row] >> ${i}u) & 1u) << ${bit}u)`).join(' | ')
    : `1u << ${bits[0]}u`
  const last = MAX_TREE_ROWS - 1
  const base = words ? 6 : 5
  const [heldTokens, heldShape] = onto ? ['base_tokens', 'base_shape'] : ['tokens', 'shape']
  const held = `clamp(${heldShape}[0], 1u, ${onto ? maxRows : MAX_TREE_ROWS}u)`
  const kept = { first: '1u', beside: held, before: onto ? `select(1u, ${held}, added <= 1u)` : '1u' }[place]
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> from_tokens: array<u32>;
@group(0) @binding(1) var<storage, read> from_shape: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> shape: array<u32>;
@group(0) @binding(4) var<storage, read_write> credit: array<atomic<u32>>;
${words ? '@group(0) @binding(5) var<storage, read> words: array<u32>;' : ''}
${
  onto
    ? `
@group(0) @binding(${base}) var<storage, read> base_tokens: array<u32>;
@group(0) @binding(${base + 1}) var<storage, read> base_shape: array<u32>;`
    : ''
}
var<workgroup> new_tokens: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> new_parents: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> old_tokens: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> old_parents: array<u32, ${MAX_TREE_ROWS}>;
// For each new row its row in the other tree; 0: not there.
var<workgroup> places: array<u32, ${MAX_TREE_ROWS}>;
fn same_path(new_row: u32, old_row: u32) -> bool {
  var a = new_row;
  var b = old_row;
  for (var level = 0u; level < ${MAX_PATH}u; level++) {
    if (a == 0u || b == 0u) { return a == b; }
    if (new_tokens[a] != old_tokens[b]) { return false; }
    a = new_parents[a];
    b = old_parents[b];
  }
  return false;
}
fn proposed(row: u32) -> u32 { return ${proposed}; }
@compute @workgroup_size(${MAX_TREE_ROWS})
fn main(@builtin(local_invocation_index) lane: u32) {
  let added = min(from_shape[0], ${MAX_TREE_ROWS}u);
  ${place === 'before' && !onto ? 'if (added <= 1u) { return; }' : ''}
  let held = ${kept};
  new_tokens[lane] = from_tokens[lane];
  new_parents[lane] = min(from_shape[lane], ${last}u);
  old_tokens[lane] = ${heldTokens}[lane];
  old_parents[lane] = min(${heldShape}[lane], ${last}u);
  ${
    onto
      ? `
  if (lane > 0u && lane < held) {
    tokens[lane] = old_tokens[lane];
    shape[lane] = old_parents[lane];
    atomicStore(&credit[lane], 1u << ${onto.bit}u);
  }`
      : ''
  }
  workgroupBarrier();
  storageBarrier();
  let node = lane > 0u && lane < added;
  var place = 0u;
  for (var row = 1u; node && place == 0u && row < held; row++) { if (same_path(lane, row)) { place = row; } }
  let absent = node && place == 0u;
  places[lane] = place;
  workgroupBarrier();
  var row = held;
  for (var other = 1u; other < min(lane, added); other++) { row += u32(places[other] == 0u); }
  workgroupBarrier();
  if (absent) { places[lane] = row; }
  workgroupBarrier();
  if (absent && row < ${maxRows}u) {
    tokens[row] = new_tokens[lane];
    shape[row] = places[new_parents[lane]];
    atomicStore(&credit[row], proposed(lane));
  }
  if (place > 0u) { atomicOr(&credit[place], proposed(lane)); }
  if (lane == ${last}u) { shape[0] = min(row + u32(absent), ${maxRows}u); }
}`
}

/** The same in plain loops. */
function merge(
  [fromTokens, fromShape, tokens, shape, credit, ...more]: readonly Uint32Array[],
  { bits, place, onto, maxRows, ...args }: MergedTree,
): void {
  const words = args.words && more.shift()
  if (onto) {
    const [baseTokens, baseShape] = more as [Uint32Array, Uint32Array]
    const rows = Math.min(Math.max(baseShape[0] as number, 1), maxRows)
    tokens?.set(baseTokens.subarray(1, rows), 1)
    shape?.set([rows, ...baseShape.subarray(1, rows)])
    credit?.fill(1 << onto.bit, 1, rows)
  }
  const [newTokens, newParents] = [fromTokens as Uint32Array, fromShape as Uint32Array]
  const [oldTokens, oldParents, by] = [tokens as Uint32Array, shape as Uint32Array, credit as Uint32Array]
  const added = Math.min(newParents[0] as number, MAX_TREE_ROWS)
  if (place === 'before' && added <= 1) return
  const held = place === 'beside' ? Math.min(Math.max(oldParents[0] as number, 1), MAX_TREE_ROWS) : 1
  const parent = (parents: Uint32Array, row: number) => Math.min(parents[row] as number, MAX_TREE_ROWS - 1)
  const samePath = (row: number, other: number) => {
    let [a, b] = [row, other]
    for (let level = 0; level < MAX_PATH; level++) {
      if (a === 0 || b === 0) return a === b
      if (newTokens[a] !== oldTokens[b]) return false
      ;[a, b] = [parent(newParents, a), parent(oldParents, b)]
    }
    return false
  }
  const proposed = (row: number) => movedBits(words ? (words[row] as number) : 1, bits)
  const places = new Uint32Array(MAX_TREE_ROWS)
  let rows = held
  const absent: number[] = []
  for (let node = 1; node < added; node++) {
    for (let row = 1; places[node] === 0 && row < held; row++) if (samePath(node, row)) places[node] = row
    if (places[node] !== 0) by[places[node] as number] = (by[places[node] as number] as number) | proposed(node)
    else {
      places[node] = rows++
      absent.push(node)
    }
  }
  for (const node of absent) {
    const row = places[node] as number
    if (row >= maxRows) break
    oldTokens[row] = newTokens[node] as number
    oldParents[row] = places[parent(newParents, node)] as number
    by[row] = proposed(node)
  }
  oldParents[0] = Math.min(rows, maxRows)
}
