import { OutriderError } from '../errors'
import type { TokenizerModel } from './gguf-bpe'
import { type GgufVocabulary, TOKEN_TYPE } from './gguf-vocabulary'

type Json = Readonly<Record<string, unknown>>

/**
 * The `tokenizer.json` of a GGUF's SentencePiece BPE (`llama`): the merges are every way to split a piece into two, the best
 * scores first, as Hugging Face converts them; what no piece covers becomes byte tokens. Throws `FILE_MALFORMED`.
 */
export function ggufSentencePiece(metadata: Json, vocabulary: GgufVocabulary, location: string): TokenizerModel {
  const { tokens, types } = vocabulary
  const scores = metadata['tokenizer.ggml.scores']
  if (!Array.isArray(scores) || scores.length < tokens.length)
    throw new OutriderError('FILE_MALFORMED', `${location}: tokenizer.ggml.scores has no score for each token.`, {
      details: { location },
    })
  const prefix = metadata['tokenizer.ggml.add_space_prefix'] ?? true
  const unknown = types.indexOf(TOKEN_TYPE.unknown)
  const json = {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(prefix ? [{ type: 'Prepend', prepend: '▁' }] : []),
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      unk_token: tokens[unknown] ?? null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: mergesOf(vocabulary, scores as readonly number[]),
    },
  }
  return { json, addBos: true }
}

function mergesOf({ tokens, types }: GgufVocabulary, scores: readonly number[]): readonly [string, string][] {
  const pieces = new Map<string, number>()
  tokens.forEach((token, id) => {
    const type = types[id]
    if (type === TOKEN_TYPE.normal || type === TOKEN_TYPE.userDefined) pieces.set(token, id)
  })
  const merges: { readonly left: string; readonly right: string; readonly score: number }[] = []
  for (const [piece, id] of pieces) {
    const splits: { left: string; right: string; score: number; ids: [number, number] }[] = []
    for (let at = 1; at < piece.length; at++) {
      const left = piece.slice(0, at)
      const right = piece.slice(at)
      const ids = [pieces.get(left), pieces.get(right)]
      if (ids[0] !== undefined && ids[1] !== undefined)
        splits.push({ left, right, score: scores[id] as number, ids: ids as [number, number] })
    }
    merges.push(...splits.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]))
  }
  return merges
    .sort((a, b) => b.score - a.score || b.left.length - a.left.length || b.right.length - a.right.length)
    .map(({ left, right }) => [left, right])
}
