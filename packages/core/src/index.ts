export { exact } from './accept'
export { createKvCache, type CacheShape } from './cache'
export {
  type DecodeStats,
  type Finish,
  type FinishReason,
  type GenerateOptions,
  type Part,
  type TextToken,
  type Usage,
} from './decode'
export { type ErrorCode, type ErrorDetails, OutriderError } from './errors'
export { type OpenOptions, openCheckpoint, openTensors } from './load'
export { type DecoderOptions, loadDecoder } from './model'
export { type Disposable, Owned } from './owned'
export type * from './spec'
export { chain, checkTree, depths, isChain, type TreeLimits } from './tree'
export {
  ChatSession,
  type Completion,
  collect,
  createEngine,
  Engine,
  type EngineLimits,
  type EngineOptions,
  type NamedStrategy,
  type SessionOptions,
  tokens,
  type TurnOptions,
  type WiringTokens,
} from './wiring'
