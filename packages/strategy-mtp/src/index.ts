export { mtpDescriptor } from './descriptor'
export { mtp } from './mtp'
export type { MtpOptions } from './options'
