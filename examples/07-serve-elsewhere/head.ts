import type { TensorFiles } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import type { Target } from './target'

/** What all heads have. */
interface HeadFolder {
  readonly location: string
  /** config.json, as parsed. */
  readonly config: Readonly<Record<string, unknown>>
  /** The first of `architectures` in config.json; null where there is none. */
  readonly architecture: string | null
  /** Whose names its tensors have. */
  readonly layout: string
}

/** A layer on the target's hidden states. */
export interface EagleHead extends HeadFolder {
  readonly kind: 'eagle1' | 'eagle3'
  readonly layout: 'SafeAILab' | 'speculators'
  /** Which layers it captures (EAGLE-3); null where config.json leaves it to the usual three. */
  readonly captures: Captures | null
  readonly projectionBias: boolean
  /** Tokens that it drafts (`d2t`); null where they are the target's. */
  readonly draftVocabulary: number | null
}

/** Ids of captured layers as config.json has them. */
export interface Captures {
  readonly stored: readonly number[]
  /** `eagle_aux_hidden_state_layer_ids` at the top, and in `eagle_config`: each server looks in places of its own. */
  readonly top: readonly number[] | null
  readonly nested: readonly number[] | null
}

/** Heads that draft a position each. */
export interface MedusaHead extends HeadFolder {
  readonly kind: 'medusa'
  readonly layout: 'FasterDecoding' | 'vLLM'
  readonly heads: number
  /** Whether the blocks have biases, and whether config.json says so in the word that vLLM reads. */
  readonly biased: boolean
  readonly biasDeclared: boolean
  /** Whether an LM head is stored, of each head or one for all; without it they use the target's. */
  readonly ownLmHead: boolean
}

/** Multi-token prediction modules. */
export interface MtpHead extends HeadFolder {
  readonly kind: 'mtp'
  readonly modules: number
}

/** A smaller model. */
export interface DraftHead extends HeadFolder {
  readonly kind: 'draft'
  readonly vocab: number
}

/** A head's folder, as far as serving depends on it. */
export type Head = EagleHead | MedusaHead | MtpHead | DraftHead

/** What a kind of head is recognised by. */
export interface Found {
  readonly files: TensorFiles
  readonly config: Readonly<Record<string, unknown>>
  readonly target: Target
  readonly location: string
  readonly architecture: string | null
}

/** Refuses a head of another target by a width that shows it. Throws `UsageError`. */
export function checkWidth({ location, target }: Found, found: number | undefined, expected: number): void {
  if (found !== expected)
    throw new UsageError(
      `${location} was made for another target: it takes hidden states of ${found} values, where those of ${target.location} give ${expected}`,
    )
}
