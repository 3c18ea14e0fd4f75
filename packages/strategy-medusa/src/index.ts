export { bestPaths, mcSim7b63 } from './choices'
export { medusa } from './medusa'
export type { MedusaOptions } from './options'
