export { chain, checkTopology, checkTree, depths, isChain, type TreeLimits } from './check'
export type { TokenTree } from './tree'
