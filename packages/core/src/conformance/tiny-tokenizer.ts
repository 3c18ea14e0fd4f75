/** Id 0 ends a text. */
const END = '<|end|>'

/** One token a character: line feed and space as a byte-level vocabulary spells them, two marks, and the letters. */
const characters: readonly string[] = ['Ċ', 'Ġ', '.', ',', ...'abcdefghijklmnopqrstuvwxyz']

/** Tokens of the kit's models. */
export const TINY_VOCAB: number = 1 + characters.length

/** A tokenizer.json of single characters. */
export function tinyTokenizer(): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  return {
    version: '1.0',
    added_tokens: [{ id: 0, content: END, ...flags }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      unk_token: null,
      vocab: Object.fromEntries([END, ...characters].map((token, id) => [token, id])),
      merges: [],
    },
  }
}
