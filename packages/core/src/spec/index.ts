export { type NoiseKey, SAMPLING } from '../sample'
export type * from '../tree/tree'
export type * from './acceptance'
export type * from './backend'
export { checkedOps } from './checked-ops'
export type * from './checkpoint'
export type * from './constraint'
export type * from './cost'
export type * from './decoder'
export type * from './descriptor'
export type * from './draft'
export type * from './model'
export type * from './ops'
export type { KvLayer, Pass, SequenceTensors, TreeTensors } from './pass'
export { INDEX, MAX_PATH, MAX_TREE_ROWS, NO_TOKEN, OUTCOME } from './pass'
export type * from './processor'
export type * from './proposer'
export {
  ACCEPTANCE_STREAM,
  DRAFT_STREAM,
  IN_PROMPT,
  RECOVERY_STREAM,
  type SamplingOps,
  type SamplingTensors,
} from './sampling'
export type * from './strategy'
export type * from './tensor'
export type * from './tokenizer'
