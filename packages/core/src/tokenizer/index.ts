export { ggufTokenizer } from './gguf-tokenizer'
export { ggufEndTokens } from './gguf-vocabulary'
export { type HfTokenizerFiles, hfTokenizer } from './hf-tokenizer'
