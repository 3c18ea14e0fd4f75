export { draftModel } from './draft-model'
export { type LookupOptions, lookup } from './lookup'
export type { DraftModelOptions } from './options'
export { type SuffixOptions, type SuffixStore, suffix, suffixStore } from './suffix'
