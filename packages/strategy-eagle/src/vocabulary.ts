import { OutriderError, type StrategyHost } from '@outrider/core'
import type { HeadFiles } from './head-files'

/** Which tokens a head chooses from. */
export interface DraftVocabulary {
  /** Rows of the LM head. */
  readonly size: number
  /** Target id of each row; null where they are the target's own. */
  readonly targetIds: Uint32Array<ArrayBuffer> | null
}

/**
 * The vocabulary of a head whose LM head has `rows` rows, of a configuration that names `vocab` tokens. `d2t` holds for each row
 * what is to be added to give the target's id (SafeAILab). Throws `VOCABULARY_MISMATCH`, `TENSOR_SHAPE`.
 */
export async function draftVocabulary(
  files: HeadFiles,
  { target, tokenizer }: StrategyHost,
  { rows, vocab }: { readonly rows: number; readonly vocab: number },
): Promise<DraftVocabulary> {
  const total = target.config.vocab
  const used = tokenizer?.size ?? total
  const fail = (what: string): never => {
    throw new OutriderError(
      'VOCABULARY_MISMATCH',
      `the head ${files.location} does not fit the target: ${what}: take the head of this target`,
      { details: { location: files.location, head: vocab, rows, target: total } },
    )
  }
  if (vocab < used || vocab > total)
    fail(`it was made for ${vocab} tokens, and the target has ${total} (${used} in use)`)
  if (!files.has('d2t')) {
    if (rows < used || rows > total)
      fail(`its LM head has ${rows} rows and no d2t, and the target ${total} tokens (${used} in use)`)
    return { size: rows, targetIds: null }
  }
  const offsets = await files.integers('d2t', rows)
  const ids = offsets.map((offset, row) => row + offset)
  const row = ids.findIndex((id) => id < 0 || id >= total)
  if (row >= 0)
    fail(`d2t maps row ${row} to token ${ids[row]} (${row} + ${offsets[row]}), beyond the target's ${total} tokens`)
  if (new Set(ids).size < rows) fail('d2t maps two rows to one token')
  if (files.has('t2d')) {
    const inDraft = await files.integers('t2d')
    if (ids.some((id) => !inDraft[id]) || inDraft.filter(Boolean).length !== rows)
      fail('d2t and t2d disagree about the tokens that it drafts')
  }
  return { size: rows, targetIds: Uint32Array.from(ids) }
}
