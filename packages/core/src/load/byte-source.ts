import { OutriderError } from '../errors'

/** Bytes that can be read piece by piece: a local file, a remote one, a browser's File, or memory. */
export interface ByteSource {
  /** For messages: the file's name, without its folder. */
  readonly name: string
  /** Bytes in all. */
  readonly size: number
  /** `length` bytes from `offset` on. Throws `FILE_TRUNCATED` where the source ends before, `DOWNLOAD_FAILED`, `ABORTED`. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** Throws `FILE_TRUNCATED` where `offset + length` is past the end of the source. */
export function checkRange(source: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > source.size) throw truncated(source, offset + length)
}

/** The error for a file that ends too early. */
export function truncated(source: Pick<ByteSource, 'name' | 'size'>, needed: number): OutriderError {
  return new OutriderError(
    'FILE_TRUNCATED',
    `${source.name} ends after ${source.size} bytes, but ${needed} are needed: fetch or copy the file again.`,
    { details: { file: source.name, size: source.size, needed } },
  )
}

/** Closes every source, also where closing one fails. */
export async function closeAll(sources: readonly ByteSource[]): Promise<void> {
  await Promise.allSettled(sources.map((source) => source.close()))
}

/**
 * A byte source over bytes in memory.
 *
 * @example
 * ```ts
 * import { bytesSource, openTensors } from '@outrider/core/load'
 *
 * const response = await fetch('/head.safetensors')
 * const head = await openTensors([bytesSource('head.safetensors', new Uint8Array(await response.arrayBuffer()))])
 * ```
 */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  const source: ByteSource = {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      checkRange(source, offset, length)
      return bytes.subarray(offset, offset + length)
    },
    close: async () => {},
  }
  return source
}

/**
 * A byte source over a browser's File or Blob, which is read slice by slice.
 *
 * @example
 * ```ts
 * import { blobSource, openCheckpoint } from '@outrider/core/load'
 *
 * const open = (picked: FileList) => openCheckpoint(Array.from(picked, (file) => blobSource(file.name, file)))
 * ```
 */
export function blobSource(name: string, blob: Blob): ByteSource {
  const source: ByteSource = {
    name,
    size: blob.size,
    read: async (offset, length) => {
      checkRange(source, offset, length)
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    close: async () => {},
  }
  return source
}
