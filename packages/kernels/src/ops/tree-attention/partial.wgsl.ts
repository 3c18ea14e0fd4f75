/** Declares `Partial`, a softmax over some keys (their peak, weights and sums), and `merged`, that of two of them. */
export function partialWgsl(type: string): string {
  return /* wgsl */ `
struct Partial { m: f32, l: f32, o: ${type} }
fn merged(a: Partial, b: Partial) -> Partial {
  let peak = max(a.m, b.m);
  let keep = exp(max(a.m - peak, -87.0));
  let take = exp(max(b.m - peak, -87.0));
  return Partial(peak, fma(b.l, take, a.l * keep), fma(b.o, ${type}(take), a.o * keep));
}`
}
