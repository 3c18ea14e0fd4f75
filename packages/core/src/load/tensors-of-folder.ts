import { OutriderError } from '../errors'
import { type ByteSource, closeAll } from './byte-source'
import { type ModelFolder, readJson } from './folder'
import { readGguf } from './gguf'
import { readSafetensors } from './safetensors'
import type { OpenTensors, StoredTensor } from './stored-tensors'

const INDEX = 'model.safetensors.index.json'

/** Names tried in a folder, the usual ones first: a model's, a Medusa head's. */
const USUAL = ['model.safetensors', 'medusa_lm_head.safetensors']

/**
 * The tensors of a folder, or of one `file` in it, by their stored names. What it opened is closed again where it throws.
 * Throws `FILE_NOT_FOUND`, `FILE_TRUNCATED`, `FILE_MALFORMED`, `UNSUPPORTED_FORMAT`.
 */
export async function tensorsOfFolder(folder: ModelFolder, file: string | null): Promise<OpenTensors> {
  const sources: ByteSource[] = []
  const open = async (name: string): Promise<ByteSource | null> => {
    const source = await folder.open(name)
    if (source) sources.push(source)
    return source
  }
  try {
    const files = file === null ? await weightFiles(folder, open) : [await existing(folder, open, file)]
    const [first] = files
    if (first?.name.endsWith('.gguf')) {
      const { metadata, tensors } = await readGguf(first)
      return { location: folder.location, config: metadata, tensors, sources }
    }
    const tensors: StoredTensor[] = []
    for (const source of files) tensors.push(...(await readSafetensors(source)))
    checkDistinct(folder, tensors)
    return { location: folder.location, config: await readJson(folder, 'config.json'), tensors, sources }
  } catch (error) {
    await closeAll(sources)
    throw error
  }
}

type Open = (name: string) => Promise<ByteSource | null>

async function weightFiles(folder: ModelFolder, open: Open): Promise<readonly ByteSource[]> {
  const index = await readJson(folder, INDEX)
  if (index) {
    const shards: ByteSource[] = []
    for (const name of shardNames(folder, index)) shards.push(await existing(folder, open, name))
    return shards
  }
  for (const name of USUAL) {
    const source = await open(name)
    if (source) return [source]
  }
  return [await existing(folder, open, await onlyWeightFile(folder))]
}

function shardNames({ location }: ModelFolder, index: Readonly<Record<string, unknown>>): readonly string[] {
  const map = index.weight_map
  const names: unknown[] = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : []
  if (names.length > 0 && names.every((name) => typeof name === 'string' && !/[/\\]/.test(name)))
    return names as readonly string[]
  throw new OutriderError('FILE_MALFORMED', `${location}: ${INDEX} has no weight_map of file names.`, {
    details: { location, file: INDEX },
  })
}

async function existing({ location }: ModelFolder, open: Open, name: string): Promise<ByteSource> {
  const source = await open(name)
  if (source) return source
  throw new OutriderError('FILE_NOT_FOUND', `${location}: there is no file ${name}.`, {
    details: { location, file: name },
  })
}

/** The folder's one file of weights that has a name of its own. */
async function onlyWeightFile(folder: ModelFolder): Promise<string> {
  const { location } = folder
  const names = (await folder.list()) ?? []
  const safetensors = names.filter((name) => name.endsWith('.safetensors'))
  const candidates = safetensors.length > 0 ? safetensors : names.filter((name) => name.endsWith('.gguf'))
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return only
  throw new OutriderError(
    'FILE_NOT_FOUND',
    only === undefined
      ? `${location}: there is no model.safetensors and no GGUF: is it the right place? Name the file itself where it is called otherwise.`
      : `${location} has several files of weights: name one of ${candidates.join(', ')}.`,
    { details: { location, candidates } },
  )
}

function checkDistinct({ location }: ModelFolder, tensors: readonly StoredTensor[]): void {
  const seen = new Set<string>()
  for (const { name } of tensors) {
    if (seen.has(name))
      throw new OutriderError('FILE_MALFORMED', `${location}: tensor ${name} is in two files.`, {
        details: { location, name },
      })
    seen.add(name)
  }
}
