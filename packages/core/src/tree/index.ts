export { chain, checkTopology, checkTree, depths, isChain, type TreeLimits } from './check'
