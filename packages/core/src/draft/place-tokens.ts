import type { Ops, Tensor } from '../spec'

const lanes = 64

/** Where choices lie and where their tokens go; all tensors u32. */
export interface PlacedTokens {
  readonly ids: Tensor
  /** For each token its place in `ids`, from `from` on. */
  readonly order: Tensor
  readonly from: number
  /** u32 [vocab]: the target's id of each id; null where they are the target's own. */
  readonly map: Tensor | null
  readonly tokens: Tensor
  readonly to: number
  readonly count: number
}

/**
 * tokens[to + n] = the target's id of ids[order[from + n]] for n < count: choices become the tokens of a tree's nodes. NO_TOKEN,
 * beyond every vocabulary, stays as it is.
 *
 * @example
 * ```ts
 * import { placeTokens } from '@outrider/core'
 * import type { Ops, Tensor, TreeTensors } from '@outrider/core/spec'
 *
 * export const place = (ops: Ops, ids: Tensor, order: Tensor, tree: TreeTensors, count: number): void =>
 *   placeTokens(ops, { ids, order, from: 0, map: null, tokens: tree.tokens, to: 1, count })
 * ```
 */
export function placeTokens(ops: Ops, { ids, order, from, map, tokens, to, count }: PlacedTokens): void {
  ops.kernel({
    label: 'place tokens',
    wgsl: /* wgsl */ `
struct Params { pick: u32, node: u32, count: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;
${map ? '@group(0) @binding(4) var<storage, read> map: array<u32>;' : ''}
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  let row = ids[order[params.pick + id.x]];
  ${map ? `if (row < ${map.shape[0]}u) { tokens[params.node + id.x] = map[row]; return; }` : ''}
  tokens[params.node + id.x] = row;
}`,
    params: [from, to, count],
    tensors: [
      { tensor: ids, access: 'read' },
      { tensor: order, access: 'read' },
      { tensor: tokens, access: 'read_write' },
      ...(map ? [{ tensor: map, access: 'read' } as const] : []),
    ],
    workgroups: [Math.ceil(count / lanes)],
    reference: ([chosen, places, out, target]) => {
      for (let n = 0; n < count; n++) {
        const row = chosen?.[places?.[from + n] as number] as number
        ;(out as Uint32Array)[to + n] = target?.[row] ?? row
      }
    },
  })
}
