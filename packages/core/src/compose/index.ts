export { type AdaptiveOptions, adaptive } from './adaptive'
export { firstOf } from './first-of'
export { merged } from './merged'
