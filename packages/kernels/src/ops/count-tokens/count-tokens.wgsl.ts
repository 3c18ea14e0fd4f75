import { MAX_PATH, OUTCOME } from '@outrider/core/spec'

/** One workgroup, a lane a token. outcome as OUTCOME, counts u32 [vocab]. */
export const countTokensWgsl: string = /* wgsl */ `
@group(0) @binding(0) var<storage, read> outcome: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@compute @workgroup_size(${MAX_PATH})
fn main(@builtin(local_invocation_index) i: u32) {
  let token = outcome[${OUTCOME.tokens}u + i];
  if (i <= outcome[${OUTCOME.accepted}] && token < arrayLength(&counts)) { atomicAdd(&counts[token], 1u); }
}`
