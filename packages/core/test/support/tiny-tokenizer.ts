/** One token a byte: `ascii` the printable ones and the line feed, `bytes` all 256, so that text may hold halves of characters. */
export type Alphabet = 'ascii' | 'bytes'

/** Ids 0 to 3: the end of a turn or text, and what opens a turn of each role. */
const specials = ['<|end|>', '<|user|>', '<|assistant|>', '<|system|>'] as const

/** A chat template over `specials`. */
export const tinyTemplate =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"

/** The character that a byte-level vocabulary writes for a byte: itself where it is printable, else one from U+0100 on. */
function spelling(byte: number): string {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  if (printable(byte)) return String.fromCharCode(byte)
  const before = Array.from({ length: byte }, (_, b) => b).filter((b) => !printable(b)).length
  return String.fromCharCode(256 + before)
}

/** A byte-level tokenizer.json without merges, and the config.json fields that go with it. */
export function tinyTokenizer(alphabet: Alphabet): { json: object; config: Record<string, unknown> } {
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  const bytes = alphabet === 'bytes' ? all : all.filter((byte) => byte === 10 || (byte >= 32 && byte < 127))
  const vocab = Object.fromEntries([...specials, ...bytes.map(spelling)].map((token, id) => [token, id]))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const json = {
    version: '1.0',
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', unk_token: null, vocab, merges: [] },
  }
  return { json, config: { vocab_size: specials.length + bytes.length, bos_token_id: null, eos_token_id: 0 } }
}
