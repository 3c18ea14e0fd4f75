// What other examples take from this one: strategies as a command line writes them.
export { buildStrategy, heads } from './strategy-build'
export { parseStrategies, type StrategySpec } from './strategy-spec'
export { UsageError } from './usage-error'
