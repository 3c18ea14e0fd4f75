export { exact } from './exact'
