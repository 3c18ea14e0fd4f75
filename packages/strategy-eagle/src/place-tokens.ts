import type { Ops, Tensor } from '@outrider/core'

const lanes = 64

/** WGSL: the target's id of a row of the LM head; NO_TOKEN, beyond every vocabulary, stays as it is. */
export function mapWgsl(map: Tensor | null, binding: number): string {
  if (!map) return 'fn target_id(row: u32) -> u32 { return row; }'
  return /* wgsl */ `
@group(0) @binding(${binding}) var<storage, read> map: array<u32>;
fn target_id(row: u32) -> u32 { if (row < ${map.shape[0]}u) { return map[row]; } return row; }`
}

/** The binding that `mapWgsl` reads. */
export function mapTensor(map: Tensor | null): { tensor: Tensor; access: 'read' }[] {
  return map ? [{ tensor: map, access: 'read' }] : []
}

/**
 * tokens[to + n] = the target's id of ids[order[from + n]] for n < count: the choices of a level become the tokens of its nodes.
 * All u32; map u32 [rows of the LM head] or null.
 */
export function placeTokens(
  ops: Ops,
  args: {
    readonly ids: Tensor
    readonly order: Tensor
    readonly from: number
    readonly map: Tensor | null
    readonly tokens: Tensor
    readonly to: number
    readonly count: number
  },
): void {
  const { ids, order, from, map, tokens, to, count } = args
  ops.kernel({
    label: 'eagle place tokens',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
${mapWgsl(map, 3)}
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${count}u) { return; }
  tokens[${to}u + id.x] = target_id(ids[order[${from}u + id.x]]);
}`,
    tensors: [
      { tensor: ids, access: 'read' },
      { tensor: order, access: 'read' },
      { tensor: tokens, access: 'read_write' },
      ...mapTensor(map),
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
