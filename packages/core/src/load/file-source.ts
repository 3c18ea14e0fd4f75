import { OutriderError } from '../errors'
import { type ByteSource, checkRange, truncated } from './byte-source'
import { isNotFound, nodeFiles } from './node-fs'

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
  const name = path.replace(/.*[/\\]/, '')
  const files = nodeFiles()
  if (!files)
    throw new OutriderError('FILE_NOT_FOUND', `${path}: there are no local files here: pass a URL or picked files.`, {
      details: { path },
    })
  const handle = await files.open(path, 'r').catch((cause: unknown) => {
    const what = isNotFound(cause) ? 'there is no such file' : `it cannot be opened (${String(cause)})`
    throw new OutriderError('FILE_NOT_FOUND', `${path}: ${what}.`, { details: { path }, cause })
  })
  const { size } = await handle.stat()
  const source: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      checkRange(source, offset, length)
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) throw truncated({ name, size: offset + done }, offset + length)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
  return source
}
