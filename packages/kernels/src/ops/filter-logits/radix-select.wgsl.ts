/**
 * `fn radixSelect(row: Row, stage: u32, lane: u32) -> u32`: the least rank up to which the elements of a row weigh the goal, for a
 * workgroup of `lanes`, 256 at least, from uniform control flow. Weights are whole numbers, so a sum is the same in whatever order it
 * is made, and all elements of the rank found belong to it: ties are never torn apart. `sweep` makes the loop over a row, around what is
 * done with `word`, the order of a logit, and may `continue`.
 * Needs `takesPart(row, word)`, `rankOf(row, stage, word)`, `massOf(row, stage, word)` and `goalOf(stage, total)`, from 1 to what
 * all weigh.
 */
export function radixSelectWgsl(sweep: (body: string) => string): string {
  return /* wgsl */ `
var<workgroup> bins: array<atomic<u32>, 256>; // weight of each digit; zeros between levels
var<workgroup> sums: array<u32, 256>;
var<workgroup> groupSums: array<u32, 16>; // of 16 digits each
var<workgroup> digit: u32;
var<workgroup> before: u32;
fn radixSelect(row: Row, stage: u32, lane: u32) -> u32 {
  var prefix = 0u;
  var passed = 0u; // weight of lower ranks than those of the prefix
  var goal = 0u;
  for (var shift = 24u; shift < 32u; shift -= 8u) { // wraps around after 0
    ${sweep(`
      if (!takesPart(row, word)) { continue; }
      let rank = rankOf(row, stage, word);
      if (shift < 24u && (rank >> (shift + 8u)) != prefix) { continue; }
      let mass = massOf(row, stage, word);
      if (mass > 0u) { atomicAdd(&bins[(rank >> shift) & 0xffu], mass); }`)}
    workgroupBarrier();
    var mine = 0u;
    if (lane < 256u) {
      mine = atomicExchange(&bins[lane], 0u);
      sums[lane] = mine;
    }
    workgroupBarrier();
    if (lane < 16u) {
      var group = 0u;
      for (var j = 0u; j < 16u; j++) { group += sums[16u * lane + j]; }
      groupSums[lane] = group;
    }
    workgroupBarrier();
    if (shift == 24u) {
      var total = 0u;
      for (var j = 0u; j < 16u; j++) { total += groupSums[j]; }
      goal = goalOf(stage, total);
    }
    if (mine > 0u) {
      var reached = passed;
      for (var j = 0u; j < lane / 16u; j++) { reached += groupSums[j]; }
      for (var j = lane & ~15u; j < lane; j++) { reached += sums[j]; }
      if (reached < goal && reached + mine >= goal) {
        digit = lane;
        before = reached;
      }
    }
    workgroupBarrier();
    prefix = (prefix << 8u) | digit;
    passed = before;
  }
  return prefix;
}`
}
