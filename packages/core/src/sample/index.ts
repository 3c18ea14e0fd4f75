export { gumbelOf, type NoiseKey, noiseWords, uniformOf } from './noise'
export { noiseWgsl } from './noise.wgsl'
export { SAMPLING, type SamplingParams, samplingWords } from './params'
export { threefry, type Words4 } from './threefry'
