export { eagleDescriptor } from './descriptor'
export { eagle } from './eagle'
export type { EagleOptions, TreeOptions } from './options'
