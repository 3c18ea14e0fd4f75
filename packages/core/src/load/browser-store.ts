import { type ByteSource, blobSource } from './byte-source'
import { type DownloadStore, digest, type StoredVersion } from './download-store'

/** Names of entries look like URLs, as the Cache API wants it; nobody ever requests them. */
const BASE = 'https://outrider.invalid'

/** Downloads in the browser's Cache API, which takes a response whole or not at all. */
export function browserStore(caches: CacheStorage): DownloadStore {
  const open = () => caches.open('outrider')
  const keyOf = async ({ url, tag }: Pick<StoredVersion, 'url' | 'tag'>) =>
    `${BASE}/${await digest(url)}/${await digest(tag)}`

  const read = async (key: string | Request, name: string): Promise<ByteSource | null> => {
    const response = await (await open()).match(key)
    return response ? blobSource(name, await response.blob()) : null
  }

  const versionsOf = async (url: string): Promise<readonly Request[]> => {
    const prefix = `${BASE}/${await digest(url)}/`
    return (await (await open()).keys()).filter((request) => request.url.startsWith(prefix))
  }

  return {
    find: async (version) => read(await keyOf(version), version.name),
    any: async (url, name) => {
      const [first] = await versionsOf(url)
      return first ? read(first, name) : null
    },
    save: async (version, body) => {
      const key = await keyOf(version)
      const cache = await open()
      const others = await versionsOf(version.url)
      let broken: unknown
      const stream = streamOf(body, (error) => {
        broken = error
      })
      await cache.put(key, new Response(stream)).catch((error: unknown) => {
        throw broken ?? error
      })
      await Promise.all(others.filter(({ url }) => url !== key).map((request) => cache.delete(request)))
      const stored = await read(key, version.name)
      if (stored) return stored
      throw new DOMException('The browser dropped what it had just stored.', 'QuotaExceededError')
    },
  }
}

/** `ReadableStream.from`, which not every browser has; `onBreak` gets the body's own error, which the Cache API hides. */
function streamOf(
  body: AsyncIterable<Uint8Array>,
  onBreak: (error: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next().catch((error: unknown) => {
        onBreak(error)
        throw error
      })
      if (done) controller.close()
      else controller.enqueue(value as Uint8Array<ArrayBuffer>)
    },
    cancel: async () => {
      await iterator.return?.()
    },
  })
}
