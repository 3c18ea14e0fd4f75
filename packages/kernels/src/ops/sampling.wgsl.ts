import { SAMPLING } from '@outrider/core/spec'

/** A pass over logits of a session, its parameters at hand: `sampling` is to be bound as u32 words. */
export const samplingWgsl: string = /* wgsl */ `
struct Params { vocab: u32, first: u32, at: u32, stream: u32, ahead: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sampling: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
const minusInfinity = 0xff800000u;
fn param(at: u32) -> f32 { return bitcast<f32>(sampling[at]); }
fn isGreedy() -> bool { return (sampling[${SAMPLING.temperature}] & 0x7fffffffu) == 0u; }
// Top-p and typical-p are shares of a mass.
fn isShare(at: u32) -> bool { return param(at) > 0.0 && param(at) < 1.0; }
fn noiseKey(stream: u32) -> vec4u {
  return vec4u(sampling[${SAMPLING.seedLow}], sampling[${SAMPLING.seedHigh}], sampling[${SAMPLING.sequence}], stream);
}`
