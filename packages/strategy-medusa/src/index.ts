export { bestPaths, mcSim7b63 } from './choices'
export { medusaDescriptor } from './descriptor'
export { medusa } from './medusa'
export type { MedusaOptions, TreeOptions } from './options'
