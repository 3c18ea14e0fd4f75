import { SAMPLING } from '@outrider/core/spec'

/**
 * `fn radixSelect(row: Row, stage: u32, lane: u32) -> u32`: the least rank up to which the elements of a row weigh the goal, for a
 * workgroup of `lanes`, 256 at least, from uniform control flow. Weights are whole numbers, so a sum is the same in whatever order it
 * is made, and all elements of the rank found belong to it: ties are never torn apart. `sweep` makes the loop over a row, around what is
 * done with `word`, the order of a logit, and may `continue`; `drop` is said of those whose rank is greater, as soon as that is known.
 * Needs `takesPart(row, word)`, `rankOf(row, stage, word)`, `massOf(row, stage, word)` and `goalOf(stage, total)`, from 1 to what
 * all weigh, and sampling parameters.
 */
export function radixSelectWgsl(sweep: (body: string) => string, drop = ''): string {
  return /* wgsl */ `
var<workgroup> bins: array<atomic<u32>, 256>; // weight of each digit; zeros between levels
var<workgroup> sums: array<u32, 256>;
var<workgroup> groupSums: array<atomic<u32>, 16>; // of 16 digits each
var<workgroup> whole: atomic<u32>; // what all weigh
var<workgroup> digit: u32;
var<workgroup> before: u32;
fn radixSelect(row: Row, stage: u32, lane: u32) -> u32 {
  var prefix = 0u;
  var passed = 0u; // weight of lower ranks than those of the prefix
  var goal = 0u;
  // All that weigh so little are less than half of what top-p leaves out, as masses sum to 2^30 but for rounding: they are beyond.
  let light = select(0u, u32((1.0 - param(${SAMPLING.topP})) * 5e8 / f32(p.vocab)), stage == byTopP);
  for (var shift = 24u; shift < 32u; shift -= 8u) { // wraps around after 0
    var own = 0u;
    ${sweep(`
      if (!takesPart(row, word)) { continue; }
      let digits = rankOf(row, stage, word) >> shift;
      if ((digits >> 8u) > prefix) { ${drop} }
      if ((digits >> 8u) != prefix) { continue; }
      let mass = massOf(row, stage, word);
      own += mass;
      if (mass <= light) {
        if (light > 0u) { ${drop} }
        continue;
      }
      atomicAdd(&bins[digits & 0xffu], mass);`)}
    if (shift == 24u) { atomicAdd(&whole, own); } else { atomicStore(&whole, 0u); }
    workgroupBarrier();
    var mine = 0u;
    if (lane < 256u) {
      mine = atomicExchange(&bins[lane], 0u);
      sums[lane] = mine;
      atomicAdd(&groupSums[lane / 16u], mine);
    }
    workgroupBarrier();
    if (shift == 24u) { goal = goalOf(stage, atomicLoad(&whole)); }
    if (mine > 0u) {
      var reached = passed;
      for (var j = 0u; j < lane / 16u; j++) { reached += atomicLoad(&groupSums[j]); }
      for (var j = lane & ~15u; j < lane; j++) { reached += sums[j]; }
      if (reached < goal && reached + mine >= goal) {
        digit = lane;
        before = reached;
      }
    }
    workgroupBarrier();
    if (lane < 16u) { atomicStore(&groupSums[lane], 0u); }
    prefix = (prefix << 8u) | digit;
    passed = before;
  }
  return prefix;
}`
}
