import type { ModelConfig } from '../spec/model'
import type { Tokenizer } from '../spec/tokenizer'
import { hfTokenizer } from '../tokenizer'
import { type ModelFolder, readJson, readText } from './folder'

/** The tokenizer that a folder's `tokenizer.json` describes, or null where there is none. Throws `FILE_MALFORMED`, `UNSUPPORTED_CONFIG`. */
export async function hfTokenizerOf(folder: ModelFolder, model: ModelConfig): Promise<Tokenizer | null> {
  const tokenizer = await readJson(folder, 'tokenizer.json')
  if (!tokenizer) return null
  return hfTokenizer({
    location: folder.location,
    tokenizer,
    config: (await readJson(folder, 'tokenizer_config.json')) ?? {},
    chatTemplate: await readText(folder, 'chat_template.jinja'),
    bos: model.bos,
    eos: model.eos,
  })
}
