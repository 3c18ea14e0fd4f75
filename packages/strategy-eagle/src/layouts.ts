/** What a head's tensors are called, and how its embedding and its features meet. */
export interface Layout {
  readonly name: string
  /** Beginning of the names of decoder layer `i`. */
  readonly layer: (i: number) => string
  /**
   * `attention`: EAGLE-3. Captured states are projected once; attention reads embedding and feature side by side, each normalised.
   * `stream`: EAGLE-1 and 2. A projection of both makes the residual stream, and the first layer has no norm before attention.
   */
  readonly join: 'attention' | 'stream'
  /** The projection, of captured states or of embedding and feature. */
  readonly projection: string
}

/** What is in a head's folder, as far as it tells layouts apart. */
export interface Signs {
  /** Whether a tensor's name begins so. */
  readonly begins: (prefix: string) => boolean
  /** Whether the configuration calls it an EAGLE-3 head, or a `hidden_norm` shows that it is one. */
  readonly third: boolean
}

const layouts: readonly (Layout & { readonly sign: (signs: Signs) => boolean })[] = [
  {
    name: 'EAGLE-3, SafeAILab',
    sign: ({ begins }) => begins('midlayer.'),
    layer: () => 'midlayer',
    join: 'attention',
    projection: 'fc',
  },
  {
    name: 'EAGLE-3, speculators',
    sign: ({ begins, third }) => third && begins('layers.0.'),
    layer: (i) => `layers.${i}`,
    join: 'attention',
    projection: 'fc',
  },
  {
    name: 'EAGLE-1, SafeAILab',
    sign: ({ begins }) => begins('layers.0.'),
    layer: (i) => `layers.${i}`,
    join: 'stream',
    projection: 'fc',
  },
  {
    name: 'EAGLE-1, speculators',
    sign: ({ begins }) => begins('transformer.'),
    layer: () => 'transformer',
    join: 'stream',
    projection: 'fusion_fc',
  },
]

/** Names that carry nothing to compute with here: a verifier's copies, rotary frequencies, the vocabulary's mask. */
export const idle: RegExp = /rotary_emb\.|^verifier_(lm_head|norm)\.|^t2d$/

/** The layout that the signs show. */
export function layoutOf(signs: Signs): Layout | undefined {
  return layouts.find(({ sign }) => sign(signs))
}

/** For messages. */
export const layoutNames: string = layouts.map(({ name }) => name).join('; ')
