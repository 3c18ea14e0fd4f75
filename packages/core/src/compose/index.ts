export { firstOf } from './first-of'
export { merged } from './merged'
