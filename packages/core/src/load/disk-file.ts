import { OutriderError } from '../errors'
import { type ByteSource, checkRange, truncated } from './byte-source'
import { isNotFound, type NodeFiles } from './node-files'

/** A byte source over a file of the machine. Throws `FILE_NOT_FOUND`. */
export async function diskFile(files: NodeFiles, path: string): Promise<ByteSource> {
  const name = path.replace(/.*[/\\]/, '')
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
