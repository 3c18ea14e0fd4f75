import { MAX_PATH, OUTCOME } from '@outrider/core/spec'

/** One workgroup, a lane an accepted row. outcome as OUTCOME, length u32 [1]. */
export const commitLengthWgsl: string = /* wgsl */ `
struct Params { fed: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> outcome: array<u32>;
@group(0) @binding(2) var<storage, read_write> length: array<u32>;
var<workgroup> kept: atomic<u32>;
@compute @workgroup_size(${MAX_PATH})
fn main(@builtin(local_invocation_index) i: u32) {
  if (i < outcome[${OUTCOME.accepted}] && outcome[${OUTCOME.path}u + 1u + i] < p.fed) { atomicAdd(&kept, 1u); }
  workgroupBarrier();
  if (i == 0u) { length[0] = outcome[${OUTCOME.length}] + 1u + atomicLoad(&kept); }
}`
