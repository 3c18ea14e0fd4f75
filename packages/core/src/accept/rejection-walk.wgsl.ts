import { noiseWgsl, SAMPLING } from '../sample'
import { ACCEPTANCE_STREAM, INDEX, MAX_PATH, MAX_TREE_ROWS, NO_TOKEN, OUTCOME, RECOVERY_STREAM } from '../spec'
import { drawColumns } from './mass'
import { massWgsl, ROW_MASSES } from './row-masses.wgsl'

/**
 * One workgroup a lane, which is a draft of its own: walks down from row 0 and judges each row's children in turn, as the rule on the
 * host does. Lane 0 decides; all work where a token was refused, for then the whole row changes, and for the draw in the end. `scratch`
 * holds what is left of p twice, in turns, since a refusal that leaves nothing does not count, and what is left of q.
 */
export function rejectionWalkWgsl(vocab: number): string {
  const size = drawColumns(vocab)
  return /* wgsl */ `
const vocab = ${vocab}u;
const size = ${size}u;
const itself = 2u; // p as the logits have it, not what is left of it
const points = 0u;
const asDrawn = 1u;
const remaining = 2u;
@group(0) @binding(0) var<storage, read> sampling: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> drawn: array<f32>;
@group(0) @binding(5) var<storage, read> masses: array<u32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(7) var<storage, read_write> outcome: array<u32>;
var<workgroup> parents: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> firstChild: array<u32, ${MAX_TREE_ROWS}>; // 0: none
var<workgroup> nextSibling: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> sums: array<vec2f, size>;
var<workgroup> chosen: u32;
// The row at hand, alike in every lane.
var<private> greedy: bool;
var<private> top: u32;
var<private> start: u32; // of its logits, and of what its children were drawn from
var<private> peak: f32;
var<private> left: u32; // half of scratch, or itself
var<private> leftSum: f32;
var<private> drawnPeak: f32;
var<private> kind: u32;
var<private> drawnSum: f32;
var<private> own: u32; // of this lane's scratch
${noiseWgsl}
${massWgsl}
fn noiseOf(stream: u32, sequence: u32) -> vec4u {
  return vec4u(sampling[${SAMPLING.seedLow}], sampling[${SAMPLING.seedHigh}], sampling[${SAMPLING.sequence}] + sequence, stream);
}
// What is left of p at a token, to be divided by leftSum.
fn leftAt(v: u32) -> f32 {
  if (left != itself) { return scratch[own + left * vocab + v]; }
  if (greedy) { return select(0.0, 1.0, v == top); }
  return massOf(logits[start + v], peak);
}
fn drawnAt(v: u32) -> f32 {
  if (kind == remaining) { return scratch[own + 2u * vocab + v]; }
  return massOf(drawn[start + v], drawnPeak);
}
// Links children in the order of their rows.
fn link(lane: u32, rows: u32) {
  let base = index[${INDEX.base}];
  for (var row = lane; row < rows; row += size) {
    let depth = index[${INDEX.positions}u + row] - base;
    parents[row] = select(${MAX_TREE_ROWS}u, index[${INDEX.paths}u + row * ${MAX_PATH}u + max(depth, 1u) - 1u], depth > 0u);
  }
  workgroupBarrier();
  for (var row = lane; row < rows; row += size) {
    for (var other = rows - 1u; other > row; other--) {
      if (parents[other] == row) { firstChild[row] = other; }
      if (parents[other] == parents[row]) { nextSibling[row] = other; }
    }
  }
  workgroupBarrier();
}
fn begin(row: u32) {
  let known = row * ${ROW_MASSES.words}u;
  start = row * vocab;
  top = masses[known + ${ROW_MASSES.top}u];
  peak = bitcast<f32>(masses[known + ${ROW_MASSES.peak}u]);
  leftSum = select(bitcast<f32>(masses[known + ${ROW_MASSES.sum}u]), 1.0, greedy);
  drawnPeak = bitcast<f32>(masses[known + ${ROW_MASSES.drawnPeak}u]);
  drawnSum = bitcast<f32>(masses[known + ${ROW_MASSES.drawnSum}u]);
  left = itself;
  kind = select(points, asDrawn, drawnSum > 0.0);
}
fn keeps(token: u32, position: u32, key: vec4u) -> bool {
  if (token >= vocab || !(leftSum > 0.0)) { return false; }
  let mass = leftAt(token) / leftSum;
  var q = 1.0;
  if (kind != points) { q = drawnAt(token) / drawnSum; }
  return uniformOf(noiseWord(key, position, token)) * q < mass;
}
// The child after another (0: the first) that changes something: kept, which adds ${MAX_TREE_ROWS}, or refused. 0: there is none.
fn judged(row: u32, before: u32, ofTokens: u32, position: u32, coins: vec4u) -> u32 {
  var child = before;
  loop {
    child = select(nextSibling[child], firstChild[row], child == 0u);
    if (child == 0u) { return 0u; }
    let token = tokens[ofTokens + child];
    if (keeps(token, position, coins)) { return ${MAX_TREE_ROWS}u + child; }
    // At temperature 0 there is but one token, before a refusal and after it.
    if (token < vocab && !greedy) { return child; }
  }
}
// Takes a token that was refused out of what is left of p and q. Two sums, each lane's own terms first.
fn refuse(token: u32, lane: u32) {
  let half = u32(left == 0u);
  var sum = vec2f();
  for (var v = lane; v < vocab; v += size) {
    var mass = leftAt(v) / max(leftSum, 1e-38);
    if (kind != points) {
      let q = drawnAt(v) / drawnSum;
      mass = max(mass - q, 0.0);
      let rest = select(q, 0.0, v == token);
      scratch[own + 2u * vocab + v] = rest;
      sum.y += rest;
    }
    if (v == token) { mass = 0.0; }
    scratch[own + half * vocab + v] = mass;
    sum.x += mass;
  }
  sums[lane] = sum;
  for (var step = size / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { sums[lane] += sums[lane + step]; }
  }
  storageBarrier();
  workgroupBarrier();
  let found = sums[0];
  workgroupBarrier();
  if (found.x > 0.0) { left = half; leftSum = found.x; }
  if (kind != points) {
    kind = select(points, remaining, found.y > 0.0);
    drawnSum = found.y;
  }
}
// The token that follows: its column of tokens first, then the token.
fn draw(lane: u32, words: vec4u) -> u32 {
  var sum = 0.0;
  for (var v = lane; v < vocab; v += size) { sum += leftAt(v); }
  sums[lane].x = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var whole = 0.0;
    for (var i = 0u; i < size; i++) { whole += sums[i].x; }
    let wanted = uniformOf(words.x) * whole;
    var below = 0.0;
    chosen = ${NO_TOKEN}u;
    for (var i = 0u; i < size; i++) {
      if (sums[i].x > 0.0) {
        chosen = i;
        below += sums[i].x;
        if (below > wanted) { break; }
      }
    }
  }
  let column = workgroupUniformLoad(&chosen);
  if (column == ${NO_TOKEN}u) { return column; }
  let wanted = uniformOf(words.y) * sums[column].x;
  workgroupBarrier();
  var below = 0.0;
  var last = ${NO_TOKEN}u;
  for (var first = column; first < vocab; first += size * size) {
    let v = first + lane * size;
    sums[lane].y = 0.0;
    if (v < vocab) { sums[lane].y = leftAt(v); }
    workgroupBarrier();
    if (lane == 0u && !(below > wanted)) {
      for (var i = 0u; i < size; i++) {
        if (sums[i].y > 0.0) {
          last = first + i * size;
          below += sums[i].y;
          if (below > wanted) { break; }
        }
      }
    }
    workgroupBarrier();
  }
  return last;
}
@compute @workgroup_size(${size})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let ofTokens = group.x * (arrayLength(&tokens) / groups.x);
  let out = group.x * ${OUTCOME.words}u;
  let base = index[${INDEX.base}];
  let rows = min(index[${INDEX.rows}], ${MAX_TREE_ROWS}u);
  let coins = noiseOf(${ACCEPTANCE_STREAM}u, group.x);
  own = group.x * 3u * vocab;
  greedy = (sampling[${SAMPLING.temperature}] & 0x7fffffffu) == 0u;
  link(lane, rows);
  var row = 0u;
  var depth = 0u;
  loop {
    begin(row);
    var child = 0u;
    var kept = false;
    loop {
      if (lane == 0u) { chosen = judged(row, child, ofTokens, base + depth + 1u, coins); }
      let word = workgroupUniformLoad(&chosen);
      child = word % ${MAX_TREE_ROWS}u;
      kept = word > child;
      if (kept || child == 0u) { break; }
      refuse(tokens[ofTokens + child], lane);
    }
    if (!kept) { break; }
    row = child;
    depth += 1u;
    if (lane == 0u) {
      outcome[out + ${OUTCOME.path}u + depth] = row;
      outcome[out + ${OUTCOME.tokens - 1}u + depth] = tokens[ofTokens + row];
    }
  }
  let next = draw(lane, noiseWords(noiseOf(${RECOVERY_STREAM}u, group.x), base + depth + 1u, 0u));
  if (lane == 0u) {
    outcome[out + ${OUTCOME.accepted}u] = depth;
    outcome[out + ${OUTCOME.length}u] = base;
    outcome[out + ${OUTCOME.rows}u] = rows;
    outcome[out + ${OUTCOME.path}u] = 0u;
    outcome[out + ${OUTCOME.tokens}u + depth] = next;
  }
}`
}
