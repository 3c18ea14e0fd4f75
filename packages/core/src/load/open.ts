import type { Checkpoint, TensorFiles } from '../spec/checkpoint'
import type { ModelLocation } from '../spec/strategy'
import { type ByteSource, closeAll } from './byte-source'
import { checkpointOf } from './checkpoint'
import { locate } from './locate'
import type { OpenOptions } from './open-options'
import { StoredTensors } from './stored-tensors'
import { tensorsOfFolder } from './tensors-of-folder'

/**
 * Opens the tensors of a folder or file by their stored names: `location` is a local folder, a `.safetensors` or `.gguf` file,
 * the URL of either, a Hub id (`owner/name`, `owner/name/path/file.gguf`, `@revision` after the name where wanted), or files that
 * are open already. Only headers are read. Throws `FILE_NOT_FOUND`, `FILE_TRUNCATED`, `FILE_MALFORMED`, `UNSUPPORTED_FORMAT`,
 * `DOWNLOAD_FAILED`, `ABORTED`.
 *
 * @example
 * ```ts
 * import { openTensors } from '@outrider/core/load'
 *
 * const head = await openTensors('./stories-5m/eagle3')
 * const fc = head.matrix('fc.weight', [256, 768])
 * await head.close()
 * ```
 */
export async function openTensors(
  location: ModelLocation | readonly ByteSource[],
  options: OpenOptions = {},
): Promise<TensorFiles> {
  const { folder, file } = await locate(location, options)
  return new StoredTensors(await tensorsOfFolder(folder, file))
}

/**
 * Opens a decoder's checkpoint; `location` as in `openTensors`. Throws what `openTensors` throws, `UNSUPPORTED_ARCHITECTURE`,
 * `UNSUPPORTED_CONFIG`.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from '@outrider/core/load'
 *
 * const checkpoint = await openCheckpoint('HuggingFaceTB/SmolLM2-135M-Instruct', {
 *   onProgress: ({ item, doneBytes, totalBytes }) => console.log(item, doneBytes / totalBytes),
 * })
 * console.log(checkpoint.model.layers)
 * await checkpoint.close()
 * ```
 */
export async function openCheckpoint(
  location: ModelLocation | readonly ByteSource[],
  options: OpenOptions = {},
): Promise<Checkpoint> {
  const { folder, file } = await locate(location, options)
  const files = await tensorsOfFolder(folder, file)
  try {
    return await checkpointOf(folder, files)
  } catch (error) {
    await closeAll(files.sources)
    throw error
  }
}
