export { eagle } from './eagle'
export type { EagleOptions, TreeOptions } from './options'
