import { OutriderError, type TensorFiles } from '@outrider/core'

/** Where a checkpoint keeps its heads. */
export interface HeadNames {
  readonly heads: number
  /** Residual blocks of head `i`, in order: names without `.weight` and `.bias`. */
  blocks(i: number): readonly string[]
  /** The LM head of head `i`; null where all heads use the target's. */
  lmHead(i: number): string | null
  /** Tokens that the rows of the LM heads stand for; null where row i is token i. */
  readonly tokenMap: string | null
}

/** A way to name heads. null: the checkpoint is of another layout. */
type Layout = (files: TensorFiles) => HeadNames | null

/** `{i}.{j}.linear.weight`, `{i}.{blocks}.weight` for the LM head; in a checkpoint with the target, under `medusa_head.`. */
const fasterDecoding: Layout = (files) => {
  const found = indices(files, /^(medusa_head\.)?(\d+)\.(\d+)\.linear\.weight$/)
  if (!found) return null
  const { prefix, heads, blocks } = found
  const lmBlock = (i: number): number => {
    const stored = files.names.flatMap((name) => {
      const [, at, block] = /^(?:medusa_head\.)?(\d+)\.(\d+)\.weight$/.exec(name) ?? []
      return Number(at) === i ? [Number(block)] : []
    })
    return stored[0] ?? blocks
  }
  return {
    heads,
    // The published code puts the very same block there several times, and a file may keep it once.
    blocks: (i) => {
      const names: string[] = []
      for (let j = 0; j < lmBlock(i); j++) {
        const name = `${prefix}${i}.${j}.linear`
        names.push(files.has(`${name}.weight`) ? name : (names.at(-1) ?? name))
      }
      return names
    },
    lmHead: (i) => `${prefix}${i}.${lmBlock(i)}.weight`,
    tokenMap: null,
  }
}

/** vLLM's `blocks.{i}.layers.{j}`, `lm_heads.{i}.weight`, `token_map`; with `original_lm_head` one LM head for all, or none. */
const vllm: Layout = (files) => {
  const found = indices(files, /^(medusa_heads\.)?blocks\.(\d+)\.layers\.(\d+)\.weight$/)
  if (!found) return null
  const { prefix, heads, blocks } = found
  const shared = files.config?.original_lm_head === true
  const lmHead = (i: number): string => `${prefix}lm_heads.${i}.weight`
  const map = `${prefix}token_map`
  return {
    heads,
    blocks: (i) => Array.from({ length: blocks }, (_, j) => `${prefix}blocks.${i}.layers.${j}`),
    lmHead: (i) => (shared ? (files.has(lmHead(0)) ? lmHead(0) : null) : lmHead(i)),
    tokenMap: files.has(map) ? map : null,
  }
}

/** The layout's prefix, and how many heads and blocks a head there are, by a pattern of (prefix, head, block). */
function indices(
  { names }: TensorFiles,
  pattern: RegExp,
): { readonly prefix: string; readonly heads: number; readonly blocks: number } | null {
  const matches = names.map((name) => pattern.exec(name)).filter((match) => match !== null)
  const [first] = matches
  if (!first) return null
  const count = (group: number) => matches.reduce((most, match) => Math.max(most, Number(match[group]) + 1), 0)
  return { prefix: first[1] ?? '', heads: count(2), blocks: count(3) }
}

/** Recognises a checkpoint by its names. Throws `UNSUPPORTED_ARCHITECTURE`. */
export function headNames(files: TensorFiles): HeadNames {
  const names = fasterDecoding(files) ?? vllm(files)
  if (names) return names
  throw new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `${files.location} has no Medusa heads: neither 0.0.linear.weight (also under medusa_head.) nor blocks.0.layers.0.weight is there`,
    { details: { location: files.location, names: files.names.slice(0, 8) } },
  )
}
