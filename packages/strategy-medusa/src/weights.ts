import { type Owned, type StrategyHost, type Tensor, type TensorFiles, type Weight, WeightReader } from '@outrider/core'
import { stackRows } from '@outrider/core/load'
import type { HeadNames } from './layouts'
import { type LmHeads, readLmHeads } from './lm-heads'

/** A linear layer on the device. */
export interface Linear {
  readonly weight: Weight
  /** f32 [outputs]; undefined where the checkpoint has none. */
  readonly bias: Tensor | undefined
}

/** Medusa heads on the device. */
export interface HeadWeights {
  readonly count: number
  /** The first residual block of every head, one below the other: [count · hidden, hidden]. */
  readonly first: Linear
  /** Further residual blocks of each head, [hidden, hidden] each; usually none. */
  readonly deeper: readonly (readonly Linear[])[]
  readonly lm: LmHeads
}

/**
 * Reads the first `count` heads and checks that they fit the target. Throws `TENSOR_MISSING`, `TENSOR_SHAPE`, `UNSUPPORTED_FORMAT`,
 * `FILE_TRUNCATED`, `VOCABULARY_MISMATCH`, `OUT_OF_MEMORY`; the owner frees what was taken.
 */
export async function readHeads(
  host: StrategyHost,
  files: TensorFiles,
  owned: Owned,
  { names, count }: { readonly names: HeadNames; readonly count: number },
): Promise<HeadWeights> {
  const { backend, target } = host
  const { hidden } = target.config
  const reader = new WeightReader(backend, files, owned, { onProgress: host.onProgress })
  const linear = async (blocks: readonly string[]): Promise<Linear> => {
    const parts = blocks.map((name) => files.matrix(`${name}.weight`, [hidden, hidden]))
    const biased = files.has(`${blocks[0]}.bias`)
    const bias = biased ? owned.add(backend.tensor([blocks.length * hidden], 'f32', `${blocks[0]}.bias`)) : undefined
    for (const [i, name] of bias ? blocks.entries() : [])
      backend.write(bias as Tensor, await files.vector(`${name}.bias`, hidden), i * hidden)
    return { weight: await reader.weight(stackRows(parts)), bias }
  }
  const heads = Array.from({ length: count }, (_, i) => names.blocks(i))
  const first = await linear(heads.map(([name]) => name as string))
  const deeper: Linear[][] = []
  for (const blocks of heads) {
    const further: Linear[] = []
    for (const name of blocks.slice(1)) further.push(await linear([name]))
    deeper.push(further)
  }
  return { count, first, deeper, lm: await readLmHeads(host, files, owned, { reader, names, count }) }
}
