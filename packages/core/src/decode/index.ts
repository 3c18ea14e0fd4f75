export {
  type Checkpointer,
  type DeviceFingerprint,
  fingerprintOf,
  type GenerationCheckpoint,
  type HeldToken,
  keptOptions,
  type ResumeOptions,
  withCheckpoint,
} from './checkpoint'
export { checkVersion } from './contract-version'
export type { DecodeStats } from './counters'
export { type LaidCredit, layCredit } from './credit'
export { DraftLayer } from './draft-layer'
export { decode, type Finish, type Part, type Resumed, type Usage } from './generation'
export type { NamedStrategy } from './guarded-proposer'
export { type GenerateOptions, type GenerationPlan, plan } from './options'
export type { RoundRecord } from './round-record'
export { Stepper } from './stepper'
export type { TextToken } from './stop-text'
export { callStrategy, strategyError } from './strategy-calls'
export type { FinishReason } from './token-reader'
export { Turns } from './turns'
