export { chain, checkTopology, checkTree, depths, isChain, type TreeLimits } from './check'
export { type HeadTree, headTree } from './head-tree'
export { parentsFirst, type RankPaths, uniformPaths } from './rank-paths'
export { type StaticLevel, type StaticTree, staticTree } from './static-tree'
