import { noiseWgsl } from '@outrider/core'
import { INDEX } from '@outrider/core/spec'

/**
 * `fn bestOfLanes(word: u32, id: u32)`, from uniform control flow and once: what the lanes of a workgroup offer, orders of logits and
 * ids, settles in `bestWord` and `bestId`, the lowest id of equals. Where nothing is above -infinity `bestId` keeps its zero, whose
 * complement is NO_TOKEN.
 */
export const bestOfLanesWgsl: string = /* wgsl */ `
var<workgroup> bestWord: atomic<u32>;
var<workgroup> bestId: atomic<u32>; // complemented, so that the lowest id is the largest
fn bestOfLanes(word: u32, id: u32) {
  atomicMax(&bestWord, word);
  workgroupBarrier();
  if (word > lowest && word == atomicLoad(&bestWord)) { atomicMax(&bestId, ~id); }
  workgroupBarrier();
}`

/** What a draw calls. */
export const drawWgsl: string = noiseWgsl + bestOfLanesWgsl

/** Starts a draw for the pass's row `at`: its noise and what a lane has found. */
export const drawStartWgsl: string = /* wgsl */ `let position = index[${INDEX.positions}u + at] + p.ahead;
  let key = noiseKey(p.stream);
  var best = lowest;
  var bestOfMine = 0u;`
