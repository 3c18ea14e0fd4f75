import { INDEX } from '@outrider/core/spec'

/** Members of `Params` that `place` uses. */
export const placeParams: readonly string[] = ['heads: u32', 'kvHeads: u32', 'headDim: u32', 'layer: u32', 'slots: u32']

/** Bindings that `place` uses beside `index`: cos and sin of each pair, queries, keys and values (two f16 a word, or f32). */
export function placeBindings(halfCache: boolean): readonly string[] {
  return [
    'var<storage, read> rotations: array<vec2f>',
    'var<storage, read_write> queries: array<vec2f>',
    `var<storage, read_write> cache: array<${halfCache ? 'u32' : 'vec2f'}>`,
  ]
}

/**
 * Declares `place(row, output, v)`: rotates the pair of outputs `output`, `output` + 1 of [q; k; v] of row `row` of the pass and
 * stores it; rows that are padding store nothing. cache [layer, 2, kvHead, slot, headDim].
 */
export function placeWgsl(halfCache: boolean): string {
  return /* wgsl */ `
fn rotate(v: vec2f, rotation: vec2f) -> vec2f {
  return vec2f(fma(v.x, rotation.x, -(v.y * rotation.y)), fma(v.x, rotation.y, v.y * rotation.x));
}

fn place(row: u32, output: u32, v: vec2f) {
  let treeRow = p.firstRow + row;
  if (treeRow >= index[${INDEX.rows}]) { return; }
  let head = output / p.headDim;
  let channel = output % p.headDim;
  var placed = v;
  if (head < p.heads + p.kvHeads) {
    let position = index[${INDEX.positions}u + treeRow];
    placed = rotate(v, rotations[(position * p.headDim + channel) / 2u]);
  }
  if (head < p.heads) {
    queries[(row * p.heads * p.headDim + output) / 2u] = placed;
    return;
  }
  let slot = index[${INDEX.base}] + treeRow;
  if (slot >= p.slots) { return; }
  let plane = p.layer * 2u * p.kvHeads + head - p.heads; // keys of every head, then values
  let at = ((plane * p.slots + slot) * p.headDim + channel) / 2u;
  cache[at] = ${halfCache ? 'pack2x16float(clamp(placed, vec2f(-65504.0), vec2f(65504.0)))' : 'placed'};
}
`
}
