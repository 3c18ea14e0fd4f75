import type { Ops, Tensor } from '../spec'
import { NO_TOKEN, OUTCOME } from '../spec'

const lanes = 64

/** ids[r] = the token that was emitted after row r of the tree (the accepted path's), NO_TOKEN after others. ids u32 [rows at least]. */
export function emittedIds(ops: Ops, { outcome, ids, rows }: { outcome: Tensor; ids: Tensor; rows: number }): void {
  ops.kernel({
    label: 'emitted ids',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> outcome: array<u32>;
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) place: vec3u) {
  if (place.x >= ${rows}u) { return; }
  var id = ${NO_TOKEN}u;
  for (var i = 0u; i <= outcome[${OUTCOME.accepted}]; i++) {
    if (outcome[${OUTCOME.path}u + i] == place.x) { id = outcome[${OUTCOME.tokens}u + i]; }
  }
  ids[place.x] = id;
}`,
    tensors: [
      { tensor: outcome, access: 'read' },
      { tensor: ids, access: 'read_write' },
    ],
    workgroups: [Math.ceil(rows / lanes)],
    reference: ([words, out]) => {
      const accepted = words?.[OUTCOME.accepted] as number
      ;(out as Uint32Array).fill(NO_TOKEN, 0, rows)
      for (let i = 0; i <= accepted; i++)
        (out as Uint32Array)[words?.[OUTCOME.path + i] as number] = words?.[OUTCOME.tokens + i] as number
    },
  })
}
