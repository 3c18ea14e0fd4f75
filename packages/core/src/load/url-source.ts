import { type ByteSource, blobSource, bytesSource, checkRange } from './byte-source'
import { bodyOf, failed, type HttpOptions, refused, request } from './http'

/**
 * A byte source over a URL that fetches each range when it is read, or null where there is no such file. A server that ignores
 * ranges sends the file whole, once. Throws `DOWNLOAD_FAILED`, `ABORTED`.
 */
export async function urlSource(url: string, name: string, http: HttpOptions): Promise<ByteSource | null> {
  const response = await request(url, http, { range: 'bytes=0-0' })
  if (response.status === 404 || response.status === 410) return null
  const size = sizeOf(response)
  if (response.status === 200) return wholeSource(url, name, response, http)
  await response.body?.cancel()
  if (response.status === 416 && size === 0) return bytesSource(name, new Uint8Array(0))
  if (response.status !== 206 || size === null) throw refused(url, http, response)
  return rangeSource(url, name, size, response.headers.get('etag'), http)
}

function rangeSource(url: string, name: string, size: number, tag: string | null, http: HttpOptions): ByteSource {
  let doneBytes = 0
  const source: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      checkRange(source, offset, length)
      if (length === 0) return new Uint8Array(0)
      const response = await request(url, http, { range: `bytes=${offset}-${offset + length - 1}` })
      if (response.status !== 206) throw refused(url, http, response)
      if (response.headers.get('etag') !== tag) throw failed(url, http, 'the file changed while it was being read')
      const body = await response.arrayBuffer().catch((cause: unknown) => {
        throw failed(url, http, 'the connection broke', cause)
      })
      if (body.byteLength !== length) throw failed(url, http, `${body.byteLength} bytes came instead of ${length}`)
      doneBytes += length
      http.onProgress?.({ item: name, stage: 'download', doneBytes: Math.min(doneBytes, size), totalBytes: size })
      return new Uint8Array(body)
    },
    close: async () => {},
  }
  return source
}

/** The whole file as a Blob, which browsers may keep on disk. */
async function wholeSource(url: string, name: string, response: Response, http: HttpOptions): Promise<ByteSource> {
  const chunks: BlobPart[] = []
  for await (const chunk of bodyOf(url, name, response, http)) chunks.push(chunk as Uint8Array<ArrayBuffer>)
  return blobSource(name, new Blob(chunks))
}

/** The size after the slash of `Content-Range: bytes 0-0/1234`. */
function sizeOf(response: Response): number | null {
  const size = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  return size === undefined ? null : Number(size)
}
