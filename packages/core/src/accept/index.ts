export { block } from './block'
export { exact } from './exact'
export { rejection } from './rejection'
export { type TypicalOptions, typical } from './typical'
