import { THREEFRY_PARITY, THREEFRY_ROTATIONS, THREEFRY_ROUNDS } from './threefry'

/** Adds the key and the number of the injection, as its schedule says. */
function inject(step: number): string {
  const words = [0, 1, 2, 3].map((i) => `k${(step + i) % 5}`)
  return `  x += vec4u(${words.join(', ')}${step > 0 ? ` + ${step}u` : ''});`
}

function mix(sum: string, word: string, rotation: number): string {
  return `  ${sum} += ${word}; ${word} = ((${word} << ${rotation}u) | (${word} >> ${32 - rotation}u)) ^ ${sum};`
}

function round(i: number): string {
  const [a, b] = i % 2 === 0 ? ['x.y', 'x.w'] : ['x.w', 'x.y']
  const [left, right] = THREEFRY_ROTATIONS[i % 8] as readonly [number, number]
  const mixed = [mix('x.x', a, left), mix('x.z', b, right)]
  return [...mixed, ...(i % 4 === 3 ? [inject((i + 1) / 4)] : [])].join('\n')
}

/**
 * The noise of this room for shaders, to be put into a module: `threefry(counter, key)`; `noiseWords(key, position, block)` and
 * `noiseWord(key, position, id)`, where `key` is seed low, seed high, sequence, stream; `uniformOf(word)`, bit for bit that of the
 * host; `gumbelOf(word)`, which every shader of a device computes alike. `log` may be wrong by 2^-21 near 1 (WGSL, accuracy of
 * expressions), where the noise that wins comes from, so small numbers go through a series.
 */
export const noiseWgsl: string = /* wgsl */ `
fn threefry(counter: vec4u, key: vec4u) -> vec4u {
  let k0 = key.x;
  let k1 = key.y;
  let k2 = key.z;
  let k3 = key.w;
  let k4 = ${THREEFRY_PARITY}u ^ k0 ^ k1 ^ k2 ^ k3;
  var x = counter;
${[inject(0), ...Array.from({ length: THREEFRY_ROUNDS }, (_, i) => round(i))].join('\n')}
  return x;
}
fn noiseWords(key: vec4u, position: u32, block: u32) -> vec4u {
  return threefry(vec4u(position, block, 0u, 0u), key);
}
fn noiseWord(key: vec4u, position: u32, id: u32) -> u32 {
  return noiseWords(key, position, id >> 2u)[id & 3u];
}
fn uniformOf(word: u32) -> f32 {
  let shift = 9u - min(9u, countLeadingZeros(word));
  return (f32(word >> shift) + 0.5) * bitcast<f32>((95u + shift) << 23u); // 2^(shift - 32)
}
fn gumbelOf(word: u32) -> f32 {
  let u = uniformOf(word);
  let s = u / (2.0 - u); // -log(1 - u) = 2 atanh(s)
  let z = s * s;
  let series = 2.0 * s * fma(z, fma(z, fma(z, fma(z, 1.0 / 9.0, 1.0 / 7.0), 0.2), 1.0 / 3.0), 1.0);
  return -log(select(-log(1.0 - u), series, u < 0.25));
}`
