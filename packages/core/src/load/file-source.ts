import { localDisk } from '#disk'
import { OutriderError } from '../errors'
import type { ByteSource } from './byte-source'

/**
 * A byte source over a local file, in Node. Throws `FILE_NOT_FOUND`.
 *
 * @example
 * ```ts
 * import { fileSource } from '@outrider/core/load'
 *
 * const file = await fileSource('./stories-5m/model.safetensors')
 * const headerLength = new DataView((await file.read(0, 8)).slice().buffer).getBigUint64(0, true)
 * ```
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const disk = localDisk()
  if (disk) return disk.open(path)
  throw new OutriderError('FILE_NOT_FOUND', `${path}: there are no local files here: pass a URL or picked files.`, {
    details: { path },
  })
}
