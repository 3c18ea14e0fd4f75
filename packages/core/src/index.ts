export { exact } from './accept'
export { type CacheShape, createKvCache } from './cache'
export { type AdaptiveOptions, adaptive, firstOf, merged } from './compose'
export type {
  DecodeStats,
  Finish,
  FinishReason,
  GenerateOptions,
  NamedStrategy,
  Part,
  TextToken,
  Usage,
} from './decode'
export {
  type Drafter,
  type DraftPlan,
  type DraftRun,
  type FeatureArgs,
  FeatureFeed,
  type FeatureHead,
  FeatureProposer,
  type FedRows,
  type PlacedTokens,
  placeTokens,
  StaticDrafter,
} from './draft'
export { type ErrorCode, type ErrorDetails, OutriderError } from './errors'
export { type OpenOptions, openCheckpoint, openTensors } from './load'
export {
  type CategoryReport,
  type Comparable,
  type CompareOptions,
  type CompareProgress,
  type ComparePrompt,
  type CompareReport,
  type CompareSettings,
  compare,
  compareMarkdown,
  compareTable,
  type Difference,
  type PhasesMs,
  type PromptReport,
  type ReportedPrompt,
  type RunResult,
  type SpeedUp,
  type Spread,
  type StrategyFailure,
  type StrategyReport,
} from './measure'
export {
  type DecoderOptions,
  type LayerRun,
  type LayerShape,
  type LayerSpace,
  type LayerWeights,
  layerSpace,
  loadDecoder,
  Programs,
  type ReadOptions,
  recordLayer,
  ropeTable,
  WeightReader,
} from './model'
export { type Disposable, Owned } from './owned'
export {
  gumbelOf,
  type NoiseKey,
  noiseWgsl,
  noiseWords,
  type SamplingParams,
  samplingWords,
  threefry,
  uniformOf,
  type Words4,
} from './sample'
export type * from './spec'
export {
  chain,
  checkTree,
  depths,
  type HeadTree,
  headTree,
  isChain,
  parentsFirst,
  type RankPaths,
  type StaticLevel,
  type StaticTree,
  staticTree,
  type TreeLimits,
  uniformPaths,
} from './tree'
export {
  ChatSession,
  type Completion,
  collect,
  createEngine,
  Engine,
  type EngineLimits,
  type EngineOptions,
  type EngineStrategy,
  type SessionOptions,
  type TurnOptions,
  tokens,
  type WiringTokens,
} from './wiring'
