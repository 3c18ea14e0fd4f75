export { rowInvariant } from './row-invariance'
export { type Kept, Verifier } from './verifier'
