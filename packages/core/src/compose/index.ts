export { firstOf } from './first-of'
