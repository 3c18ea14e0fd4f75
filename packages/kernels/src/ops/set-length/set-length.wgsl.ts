/** One lane. Both u32 [1]; the offset wraps, so that a negative one subtracts. */
export function setLengthWgsl({ inPlace }: { readonly inPlace: boolean }): string {
  return /* wgsl */ `
struct Params { offset: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> length: array<u32>;
${inPlace ? '' : '@group(0) @binding(2) var<storage, read> committed: array<u32>;'}
@compute @workgroup_size(1)
fn main() { length[0] = ${inPlace ? 'length' : 'committed'}[0] + p.offset; }`
}
