import { OutriderError, type TensorFiles } from '@outrider/core'

/** Names of a module's parts, without `.weight`. */
export interface ModuleNames {
  readonly embeddingNorm: string
  readonly hiddenNorm: string
  /** Projection of embedding and hidden state, side by side. */
  readonly projection: string
  readonly finalNorm: string
  /** The module's own embedding and LM head; the target's where the checkpoint has none. */
  readonly embedding: string
  readonly lmHead: string
}

/** What a checkpoint calls its modules, and what they compute. */
export interface Layout {
  readonly name: string
  /** A tensor that every module has; group 1 is the module's number. */
  readonly sign: RegExp
  /** Beginning of the names that belong to a module, and of those of its decoder layer. */
  readonly own: (module: number) => string
  readonly layer: (module: number) => string
  /** null: a module is a decoder layer and nothing else, on the target's trunk. */
  readonly names: ((module: number) => ModuleNames) | null
  /** What parts of a decoder layer are called, where that is not Hugging Face's name. */
  readonly parts: Readonly<Record<string, string>>
  /** Order of the rows of q and k within a head. */
  readonly rotaryOrder: 'halves' | 'pairs'
  /** Which half of the projection's input comes first. */
  readonly first: 'embedding' | 'hidden'
  /** Norms are stored as what is to be added to 1. */
  readonly gainOffset: 0 | 1
  /** The embedding at position 0 is taken for zero. */
  readonly zeroesFirst: boolean
  /** The target's hidden state that is fed: after the final norm, before it, or what enters the last layer. */
  readonly fed: 'normed' | 'stream' | 'trunk'
  /** The own hidden state that the next step is fed: after the final norm or before it. */
  readonly recycled: 'normed' | 'stream'
}

const huggingFace = { parts: {}, rotaryOrder: 'halves' } as const
const plain = { gainOffset: 0, zeroesFirst: false } as const
/** What accepted most where both were measured; the reference outputs of stories-5m are made so. */
const normed = { fed: 'normed', recycled: 'normed' } as const
/** Heads that see the trunk and no token: nothing is joined, nothing recycled. */
const trunk = { names: null, first: 'embedding', fed: 'trunk', recycled: 'stream' } as const

const layouts: readonly Layout[] = [
  {
    name: 'DeepSeek-V3, GLM-4.5',
    sign: /^model\.layers\.(\d+)\.eh_proj\.weight$/,
    own: (module) => `model.layers.${module}.`,
    layer: (module) => `model.layers.${module}`,
    names: (module) => ({
      embeddingNorm: `model.layers.${module}.enorm`,
      hiddenNorm: `model.layers.${module}.hnorm`,
      projection: `model.layers.${module}.eh_proj`,
      finalNorm: `model.layers.${module}.shared_head.norm`,
      embedding: `model.layers.${module}.embed_tokens`,
      lmHead: `model.layers.${module}.shared_head.head`,
    }),
    first: 'embedding',
    ...huggingFace,
    ...plain,
    ...normed,
  },
  {
    name: 'MiMo',
    sign: /^model\.mtp_layers\.(\d+)\.input_proj\.weight$/,
    own: (module) => `model.mtp_layers.${module}.`,
    layer: (module) => `model.mtp_layers.${module}`,
    names: (module) => ({
      embeddingNorm: `model.mtp_layers.${module}.token_layernorm`,
      hiddenNorm: `model.mtp_layers.${module}.hidden_layernorm`,
      projection: `model.mtp_layers.${module}.input_proj`,
      finalNorm: `model.mtp_layers.${module}.final_layernorm`,
      embedding: `model.mtp_layers.${module}.embed_tokens`,
      lmHead: `model.mtp_layers.${module}.lm_head`,
    }),
    first: 'hidden',
    ...huggingFace,
    ...plain,
    zeroesFirst: true,
    ...normed,
  },
  {
    name: 'Qwen3-Next, Qwen3.5',
    sign: /^mtp\.layers\.(\d+)\.input_layernorm\.weight$/,
    own: () => 'mtp.',
    layer: (module) => `mtp.layers.${module}`,
    names: () => ({
      embeddingNorm: 'mtp.pre_fc_norm_embedding',
      hiddenNorm: 'mtp.pre_fc_norm_hidden',
      projection: 'mtp.fc',
      finalNorm: 'mtp.norm',
      embedding: 'mtp.embed_tokens',
      lmHead: 'mtp.lm_head',
    }),
    first: 'embedding',
    ...huggingFace,
    gainOffset: 1,
    zeroesFirst: false,
    ...normed,
  },
  {
    name: 'Meta’s heads',
    sign: /^extra_heads\.(\d+)\.attention\.wq\.weight$/,
    own: (module) => `extra_heads.${module}.`,
    layer: (module) => `extra_heads.${module}`,
    parts: {
      input_layernorm: 'attention_norm',
      post_attention_layernorm: 'ffn_norm',
      'self_attn.q_proj': 'attention.wq',
      'self_attn.k_proj': 'attention.wk',
      'self_attn.v_proj': 'attention.wv',
      'self_attn.o_proj': 'attention.wo',
      'mlp.gate_proj': 'feed_forward.w1',
      'mlp.up_proj': 'feed_forward.w3',
      'mlp.down_proj': 'feed_forward.w2',
    },
    rotaryOrder: 'pairs',
    ...plain,
    ...trunk,
  },
  {
    name: 'Meta’s heads, in Hugging Face’s names',
    sign: /^extra_heads\.(\d+)\.self_attn\.q_proj\.weight$/,
    own: (module) => `extra_heads.${module}.`,
    layer: (module) => `extra_heads.${module}`,
    ...huggingFace,
    ...plain,
    ...trunk,
  },
]

/** A checkpoint's layout, and its modules' numbers in order. Throws `UNSUPPORTED_ARCHITECTURE`. */
export function findModules({ location, names }: TensorFiles): {
  readonly layout: Layout
  readonly modules: readonly number[]
} {
  for (const layout of layouts) {
    const modules = names.flatMap((name) => layout.sign.exec(name)?.[1] ?? []).map(Number)
    if (modules.length > 0) return { layout, modules: modules.sort((a, b) => a - b) }
  }
  throw new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `${location} has no MTP module in one of the known layouts (${layouts.map(({ name }) => name).join('; ')})`,
    { details: { location, tensors: names.slice(0, 8) } },
  )
}
