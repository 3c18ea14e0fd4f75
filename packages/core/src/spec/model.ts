/** Frequencies of the rotary embedding, as `config.json` gives them. */
export interface RopeConfig {
  readonly theta: number
  /** null for none. Llama-3's, linear, dynamic and YaRN scalings are known. */
  readonly scaling:
    | null
    | { readonly type: 'linear'; readonly factor: number }
    | { readonly type: 'dynamic'; readonly factor: number; readonly originalPositions: number }
    | {
        readonly type: 'llama3'
        readonly factor: number
        readonly lowFreqFactor: number
        readonly highFreqFactor: number
        readonly originalPositions: number
      }
    | {
        readonly type: 'yarn'
        readonly factor: number
        readonly originalPositions: number
        readonly betaFast: number
        readonly betaSlow: number
        /** Multiplies cosine and sine; null: 0.1 · ln(factor) + 1. */
        readonly attentionFactor: number | null
      }
}

/** A Llama-family decoder: Llama 2 and 3, SmolLM2, Mistral, Qwen2 and Qwen3 differ only in these values. */
export interface ModelConfig {
  /** As the checkpoint names it: `llama`, `mistral`, `qwen2`, `qwen3`. */
  readonly architecture: string
  readonly vocab: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  /** Width of the feed-forward layer. */
  readonly intermediate: number
  /** Added to the mean square under the root of every normalisation. */
  readonly eps: number
  readonly rope: RopeConfig
  /** Whether the LM head is the embedding table. */
  readonly tied: boolean
  readonly qkvBias: boolean
  /** Whether each head of q and k is normalised before the rotation (Qwen3). */
  readonly headNorm: boolean
  /** Positions that the model was trained for. */
  readonly maxPositions: number
  readonly bos: number | null
  /** Every token that ends a generation. */
  readonly eos: readonly number[]
}
