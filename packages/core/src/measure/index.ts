export type { Comparable, CompareBaseline } from './comparable'
export { compare } from './compare'
export type { CompareOptions, CompareProgress, ComparePrompt } from './options'
export type {
  BaselineReport,
  CategoryReport,
  CompareReport,
  CompareSettings,
  Difference,
  PhasesMs,
  PromptReport,
  ReportedPrompt,
  SpeedReport,
  SpeedUp,
  StrategyFailure,
  StrategyReport,
} from './report'
export type { RunResult } from './run'
export type { Spread } from './statistics'
export { compareMarkdown, compareTable } from './table'
