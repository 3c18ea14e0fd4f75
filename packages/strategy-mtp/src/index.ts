export { mtp } from './mtp'
export type { MtpOptions } from './options'
