/**
 * Lanes run along a row, workgroup rows are rows. a, b and out are bindings 1 to 3, or earlier ones where two of them are the
 * same tensor: `at` says which binding each has.
 */
export function addWgsl(at: { readonly a: number; readonly b: number; readonly out: number }): string {
  const bindings = [...new Set([at.a, at.b, at.out])].map((binding) => {
    const access = binding === at.out ? 'read_write' : 'read'
    return `@group(0) @binding(${binding}) var<storage, ${access}> t${binding}: array<f32>;`
  })
  return /* wgsl */ `
struct Params { width: u32 }
@group(0) @binding(0) var<uniform> p: Params;
${bindings.join('\n')}
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.width) { return; }
  let i = id.y * p.width + id.x;
  t${at.out}[i] = t${at.a}[i] + t${at.b}[i];
}`
}
