export { chunkRows } from './buckets'
export { measureVerifyCost } from './cost-curve'
export { rowInvariant } from './row-invariance'
export { type Computed, type Kept, Verifier } from './verifier'
