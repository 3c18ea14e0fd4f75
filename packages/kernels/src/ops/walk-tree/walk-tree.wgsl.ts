import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME } from '@outrider/core/spec'

/**
 * One workgroup, a lane a row. A row agrees when its token is its parent's choice, and is accepted when every row of its path
 * agrees; the deepest accepted row wins, the lowest among equals. One that commits does what `commitTokens` does, too.
 */
export function walkTreeWgsl({ commits }: { readonly commits: boolean }): string {
  const keep = (at: string, token: string) => (commits ? `keep(base + ${at}, ${token});` : '')
  return /* wgsl */ `
struct Params { rows: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> choices: array<u32>;
@group(0) @binding(4) var<storage, read_write> outcome: array<u32>;
${
  commits
    ? `@group(0) @binding(5) var<storage, read_write> history: array<u32>;
@group(0) @binding(6) var<storage, read_write> length: array<u32>;
fn keep(at: u32, token: u32) { if (at < arrayLength(&history)) { history[at] = token; } }`
    : ''
}
var<workgroup> agrees: array<u32, ${MAX_TREE_ROWS}>;
var<workgroup> best: atomic<u32>; // depth · ${MAX_TREE_ROWS} + (${MAX_TREE_ROWS - 1} - row)
@compute @workgroup_size(${MAX_TREE_ROWS})
fn main(@builtin(local_invocation_index) row: u32) {
  let base = index[${INDEX.base}];
  let rows = min(index[${INDEX.rows}], p.rows);
  let path = ${INDEX.paths}u + row * ${MAX_PATH}u;
  let depth = index[${INDEX.positions}u + row] - base;
  if (row < rows && depth > 0u) {
    agrees[row] = u32(tokens[row] == choices[index[path + depth - 1u]]);
  }
  workgroupBarrier();
  var accepted = row < rows;
  for (var d = 1u; accepted && d <= depth; d++) { accepted = agrees[index[path + d]] == 1u; }
  if (accepted) { atomicMax(&best, depth * ${MAX_TREE_ROWS}u + ${MAX_TREE_ROWS - 1}u - row); }
  workgroupBarrier();
  let winner = atomicLoad(&best);
  let last = ${MAX_TREE_ROWS - 1}u - winner % ${MAX_TREE_ROWS}u;
  let levels = winner / ${MAX_TREE_ROWS}u;
  if (row == 0u) {
    outcome[${OUTCOME.accepted}] = levels;
    outcome[${OUTCOME.length}] = base;
    outcome[${OUTCOME.rows}] = rows;
    outcome[${OUTCOME.tokens}u + levels] = choices[last];
    ${keep('levels + 1u', 'choices[last]')}
    ${commits ? 'length[0] = base + levels + 1u;' : ''}
  }
  if (row <= levels) {
    let ancestor = index[${INDEX.paths}u + last * ${MAX_PATH}u + row];
    outcome[${OUTCOME.path}u + row] = ancestor;
    if (row > 0u) { outcome[${OUTCOME.tokens}u + row - 1u] = tokens[ancestor]; ${keep('row', 'tokens[ancestor]')} }
  }
}`
}
