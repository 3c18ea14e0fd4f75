import {
  OutriderError,
  type Owned,
  type StrategyHost,
  type Tensor,
  type TensorFiles,
  type Weight,
  type WeightReader,
  type WeightSource,
} from '@outrider/core'
import { rowBytes } from '@outrider/core/load'
import type { HeadNames } from './layouts'

/** From a head's hidden state to logits. */
export interface LmHeads {
  /** A single one for all heads, or one each: [vocab, hidden]. */
  readonly weights: readonly Weight[]
  /** Rows of each. */
  readonly vocab: number
  /** u32 [vocab]: the token that each row stands for; null where row i is token i. */
  readonly tokenMap: Tensor | null
}

/**
 * The LM heads of the first `count` heads. The target's own is used whole: a token map saves work only where there are rows to
 * leave out at load. Throws what `WeightReader` throws, and `VOCABULARY_MISMATCH`.
 */
export async function readLmHeads(
  host: StrategyHost,
  files: TensorFiles,
  owned: Owned,
  { reader, names, count }: { reader: WeightReader; names: HeadNames; count: number },
): Promise<LmHeads> {
  const { lmHead, config } = host.target
  const wanted = Array.from({ length: count }, (_, i) => names.lmHead(i))
  if (wanted[0] === null || wanted[0] === undefined) return { weights: [lmHead], vocab: config.vocab, tokenMap: null }
  const map = names.tokenMap === null ? null : await files.integers(names.tokenMap)
  checkMap(host, files, map)
  const source = (name: string | null): WeightSource => {
    const [rows = 0] = files.shape(name as string)
    const whole = files.matrix(name as string, [rows, config.hidden])
    if (map && rows > map.length) return pickRows(whole, map)
    checkRows(host, files, rows, map)
    return whole
  }
  const vocab = source(wanted[0]).shape[0]
  const tokenMap = map && owned.add(host.backend.tensor([map.length], 'u32', 'medusa token map'))
  if (map && tokenMap) host.backend.write(tokenMap, Uint32Array.from(map))
  const weights: Weight[] = []
  for (const name of new Set(wanted)) weights.push(await reader.weight(source(name)))
  return { weights, vocab, tokenMap }
}

/** Without a map row i is token i: as many rows as the target has tokens, padding apart. */
function checkRows(host: StrategyHost, { location }: TensorFiles, rows: number, map: readonly number[] | null): void {
  const { vocab } = host.target.config
  const size = host.tokenizer?.size ?? vocab
  if (map ? rows === map.length : rows >= size && rows <= vocab) return
  throw new OutriderError(
    'VOCABULARY_MISMATCH',
    map
      ? `${location}: the LM heads have ${rows} rows, but token_map names ${map.length} tokens`
      : `${location}: the LM heads have ${rows} rows, but the target has ${vocab} tokens (${size} in use): were these heads trained for it?`,
    { details: { location, rows, target: vocab } },
  )
}

function checkMap(host: StrategyHost, { location }: TensorFiles, map: readonly number[] | null): void {
  const { vocab } = host.target.config
  const wrong = map?.find((token) => token < 0 || token >= vocab)
  if (!map || (wrong === undefined && new Set(map).size === map.length && map.length > 0)) return
  throw new OutriderError(
    'VOCABULARY_MISMATCH',
    wrong === undefined
      ? `${location}: token_map names no token, or one of them twice`
      : `${location}: token_map names token ${wrong}, but the target has ${vocab}: were these heads trained for it?`,
    { details: { location, token: wrong, target: vocab } },
  )
}

/** The rows of a matrix that are listed, in that order. */
function pickRows(source: WeightSource, listed: readonly number[]): WeightSource {
  const bytes = rowBytes(source.format, source.shape[1])
  const rows = async (from: number, to: number): Promise<Uint8Array> => {
    const out = new Uint8Array((to - from) * bytes)
    for (let i = from; i < to; i++)
      out.set(await source.rows(listed[i] as number, (listed[i] as number) + 1), (i - from) * bytes)
    return out
  }
  return { name: source.name, shape: [listed.length, source.shape[1]], format: source.format, rows }
}
