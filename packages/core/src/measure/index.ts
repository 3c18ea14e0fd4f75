export type { Comparable } from './comparable'
export { compare } from './compare'
export type { CompareOptions, CompareProgress, ComparePrompt } from './options'
export type {
  CategoryReport,
  CompareReport,
  CompareSettings,
  Difference,
  PhasesMs,
  PromptReport,
  ReportedPrompt,
  SpeedUp,
  StrategyFailure,
  StrategyReport,
} from './report'
export type { RunResult } from './run'
export type { Spread } from './statistics'
export { compareMarkdown, compareTable } from './table'
