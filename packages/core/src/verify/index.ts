export { bucketFor, buckets } from './buckets'
export { rowInvariant } from './row-invariance'
export { type Kept, Verifier, type VerifierParts } from './verifier'
