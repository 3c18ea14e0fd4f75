import type { Pass } from './pass'
import type { Tensor } from './tensor'

/** Set in a word of `SamplingTensors.counts` where the token stands in the prompt; the bits below count how often it was generated. */
export const IN_PROMPT = 0x80000000

/** The stream of noise (`NoiseKey`) that drafts are drawn with where a rule must not share the target's. */
export const DRAFT_STREAM = 1

/** The stream that a rule decides with whether a drafted token is kept. */
export const ACCEPTANCE_STREAM = 2

/** The stream that a rule draws with what follows the kept tokens: a round's own token, corrected or not. */
export const RECOVERY_STREAM = 3

/**
 * How a session samples, in device memory: written between rounds, so that options change without recording programs anew.
 * Zeros throughout are greedy decoding.
 */
export interface SamplingTensors {
  /** u32 [SAMPLING.words], as `samplingWords` gives them. */
  readonly params: Tensor
  /** u32 [vocab]: IN_PROMPT, and how often each committed token was generated, the pending one included. */
  readonly counts: Tensor
  /** f32 [vocab], nats, added where SAMPLING.biased is 1; -∞ bans a token. */
  readonly bias: Tensor
}

/** The rows that an op of sampling works on: those of `pass` that are not padding. logits f32 [rows, vocab]. */
interface SampledRows {
  readonly logits: Tensor
  readonly vocab: number
  readonly pass: Pass
  readonly sampling: SamplingTensors
}

/** Which noise the tokens of a row get. */
interface RowNoise {
  /** Position of the token that a row predicts, from the row's own. Default 1; heads whose rows lie behind their tokens say more. */
  readonly ahead?: number
  /** See `NoiseKey`. Default 0, the target's. */
  readonly stream?: number
  /** u32 [vocab]: the target's id of each logit, for a vocabulary of a drafter's own. Default: the ids are the target's. */
  readonly targetIds?: Tensor
}

/**
 * The ops of sampling, in the order in which they are applied: `adjustLogits`, `filterLogits`, `sample`. What the session chose
 * is read on the device from `sampling.params`. NaN stands for -∞ and +∞ for the largest finite number, as in `topK`.
 */
export interface SamplingOps {
  /**
   * Penalties, bias, mask and temperature, in this order, of each logit l of row r; out may be `logits` itself. With n times that the
   * token was generated, those on the row's own path below row 0 included (row 0's token is committed, and in `counts`):
   * l / repetition where l > 0, else l · repetition, if n > 0 or it stands in the prompt (CTRL, Keskar et al. 2019);
   * then - presence · [n > 0] - frequency · n (as OpenAI defines them); then + bias; then -∞ where bit `id % 32` of
   * mask[r, id / 32] is 0; then / temperature, but at 0 nothing is divided. out f32 [rows, vocab]; mask u32 [rows, ⌈vocab / 32⌉].
   */
  adjustLogits(args: SampledRows & { readonly out: Tensor; readonly mask?: Tensor }): void

  /**
   * Sets the logits of a row to -∞ outside what top-k, top-p, min-p and typical-p leave, in place and in this order, each over what
   * the one before left, renormalised. A filter that is off costs nothing; at temperature 0 all are. Equal logits share their fate, and
   * at least one token stays:
   * - top-k keeps the logits that are not below the k-th largest (Fan et al. 2018);
   * - top-p the smallest set of most probable tokens whose mass reaches p (Holtzman et al. 2020);
   * - min-p those of at least minP times the largest probability (Nguyen et al. 2024);
   * - typical-p the smallest set whose mass reaches it of the tokens with the least |-log p - H|, H the entropy (Meister et al. 2022).
   * Masses are summed in units of 2^-30, which no order of adding changes.
   */
  filterLogits(args: SampledRows): void

  /**
   * out[at + r] = the id of the largest logits[r, id] + G, where G is Gumbel noise (`gumbelOf`) of the seed, the sequence, the stream,
   * the position of the token to be drawn and the id, alone: a draw from the row's softmax that no draft can move
   * (drafter-invariant speculation, Daliri et al. 2024). At temperature 0 G is 0. Ties, NaN and -∞ as in `argmax`. out u32.
   */
  sample(args: SampledRows & RowNoise & { readonly out: Tensor; readonly at?: number }): void

  /**
   * logits[r, id] = logits[r, id] / temperature + G in place, with the noise of `sample`; at temperature 0 nothing is done. The k best
   * of a row are then k draws without replacement, in order (Gumbel top-k, Kool et al. 2019), and agree with the target's
   * own draw as often as the distributions allow.
   */
  perturbLogits(args: SampledRows & RowNoise): void

  /** Counts an outcome's tokens (OUTCOME) as generated: after a round, once. A token beyond `counts`, as NO_TOKEN is, counts nothing. */
  countTokens(args: { readonly outcome: Tensor; readonly sampling: SamplingTensors }): void

  /**
   * out[at + r] = log softmax of row r at ids[at + r], nats; -∞ where the id has no probability or is beyond the row, as NO_TOKEN is.
   * logits f32 [rows, vocab]; ids u32; out f32.
   */
  logProbsOf(args: {
    readonly logits: Tensor
    readonly vocab: number
    readonly rows: number
    readonly ids: Tensor
    readonly out: Tensor
    readonly at?: number
  }): void
}
