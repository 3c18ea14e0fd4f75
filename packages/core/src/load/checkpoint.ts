import { OutriderError } from '../errors'
import type { Checkpoint } from '../spec/checkpoint'
import type { ModelConfig } from '../spec/model'
import type { Tokenizer } from '../spec/tokenizer'
import { ggufTokenizer } from '../tokenizer'
import { checkLayers } from './check-layers'
import { type ModelFolder, readJson } from './folder'
import { ggufConfig } from './gguf-config'
import { hfName } from './gguf-names'
import { hfConfig } from './hf-config'
import { hfTokenizerOf } from './hf-tokenizer'
import { type OpenTensors, StoredTensors } from './stored-tensors'

/** A decoder's checkpoint over the tensors of a folder or GGUF. Throws what reading the configuration throws. */
export async function checkpointOf(folder: ModelFolder, files: OpenTensors): Promise<Checkpoint> {
  const { location, config } = files
  if (config && 'general.architecture' in config) return ggufCheckpoint(files, config)
  if (!config)
    throw new OutriderError('FILE_NOT_FOUND', `${location}: there is no config.json next to the weights.`, {
      details: { location, file: 'config.json' },
    })
  const model = hfConfig(config, await readJson(folder, 'generation_config.json'))
  return new OpenCheckpoint(files, model, 'halves', () => hfTokenizerOf(folder, model))
}

/** llama.cpp's conversion permutes q and k of the architecture that it calls llama, and of no other. */
async function ggufCheckpoint(files: OpenTensors, metadata: Readonly<Record<string, unknown>>): Promise<Checkpoint> {
  const model = await ggufConfig(new StoredTensors(files))
  const tensors = files.tensors.map((tensor) => ({ ...tensor, name: hfName(tensor.name) }))
  const order = model.architecture === 'llama' ? 'pairs' : 'halves'
  return new OpenCheckpoint({ ...files, tensors }, model, order, async () => ggufTokenizer(metadata, files.location))
}

class OpenCheckpoint extends StoredTensors implements Checkpoint {
  readonly #openTokenizer: () => Promise<Tokenizer | null>

  constructor(
    files: OpenTensors,
    readonly model: ModelConfig,
    readonly rotaryOrder: 'halves' | 'pairs',
    openTokenizer: () => Promise<Tokenizer | null>,
  ) {
    super(files)
    this.#openTokenizer = openTokenizer
    checkLayers(this, model)
  }

  async tokenizer(): Promise<Tokenizer | null> {
    const tokenizer = await this.#openTokenizer()
    const [rows = 0] = this.shape('model.embed_tokens.weight')
    if (tokenizer && tokenizer.size > rows)
      throw new OutriderError(
        'TOKENIZER_MISMATCH',
        `${this.location}: the tokenizer has ${tokenizer.size} tokens, but the embedding table only ${rows} rows: take the tokenizer that belongs to the model.`,
        { details: { location: this.location, tokens: tokenizer.size, rows } },
      )
    return tokenizer
  }
}
