export { type AdaptiveOptions, adaptive } from './adaptive'
export { adaptiveDescriptor, firstOfDescriptor, mergedDescriptor } from './descriptors'
export { firstOf } from './first-of'
export { merged } from './merged'
