import { MAX_PATH, OUTCOME } from '@outrider/core/spec'

/** One workgroup, a lane a token. outcome as OUTCOME, history u32 [slots], length u32 [1]. */
export const commitTokensWgsl: string = /* wgsl */ `
@group(0) @binding(0) var<storage, read> outcome: array<u32>;
@group(0) @binding(1) var<storage, read_write> history: array<u32>;
@group(0) @binding(2) var<storage, read_write> length: array<u32>;
@compute @workgroup_size(${MAX_PATH})
fn main(@builtin(local_invocation_index) i: u32) {
  let before = outcome[${OUTCOME.length}];
  let accepted = outcome[${OUTCOME.accepted}];
  let at = before + 1u + i;
  if (i <= accepted && at < arrayLength(&history)) { history[at] = outcome[${OUTCOME.tokens}u + i]; }
  if (i == 0u) { length[0] = before + accepted + 1u; }
}`
