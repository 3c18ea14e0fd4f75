import { OutriderError } from '../errors'
import type { ByteSource } from './byte-source'
import type { DownloadStore, StoredVersion } from './download-store'
import { bodyOf, failed, type HttpOptions, refused, request } from './http'
import { urlSource } from './url-source'

/** How remote files are fetched, and where they are kept; null: nowhere. */
export interface RemoteOptions {
  readonly http: HttpOptions
  readonly store: DownloadStore | null
}

/** What is kept of a file that is not there, so that a folder opens without its server as well: an empty version with this tag. */
const ABSENT = 'absent'

/**
 * Opens a remote file, or gives null where there is none: from the store where the server says that it still has this version,
 * downloaded into it otherwise. What is kept serves when the server cannot be reached. Throws `DOWNLOAD_FAILED`, `ABORTED`.
 */
export async function remoteFile(
  url: string,
  name: string,
  { http, store }: RemoteOptions,
): Promise<ByteSource | null> {
  if (!store) return urlSource(url, name, http)
  const head = await request(url, http, { method: 'HEAD' }).catch((error: unknown) => error)
  if (!(head instanceof Response)) return keptFile(url, name, store, head)
  const kept = head.ok ? await store.find({ url, name, tag: tagOf(head) }) : null
  if (kept) return kept
  const file = isMissing(head) ? null : await download(url, name, http, store)
  if (!file) await keepAbsence(url, name, store)
  return file
}

/** The file as it is kept, null where its absence is; otherwise throws `unreachable`. */
async function keptFile(
  url: string,
  name: string,
  store: DownloadStore,
  unreachable: unknown,
): Promise<ByteSource | null> {
  const kept = OutriderError.is(unreachable, 'DOWNLOAD_FAILED') ? await store.any(url, name) : null
  if (!kept) throw unreachable
  if (kept.size > 0) return kept
  await kept.close()
  return null
}

/** A version that is kept stays: the server may have lost the file for a moment only. */
async function keepAbsence(url: string, name: string, store: DownloadStore): Promise<void> {
  const kept = await store.any(url, name)
  if (kept) await kept.close()
  else await (await store.save({ url, name, tag: ABSENT }, nothing())).close()
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A server that does not answer HEAD (signed URLs) tells the version only now; then the body may turn out to be kept already. */
async function download(
  url: string,
  name: string,
  http: HttpOptions,
  store: DownloadStore,
): Promise<ByteSource | null> {
  const response = await request(url, http)
  if (!response.ok) {
    await response.body?.cancel()
    if (isMissing(response)) return null
    throw refused(url, http, response)
  }
  const version: StoredVersion = { url, name, tag: tagOf(response) }
  const kept = await store.find(version)
  if (kept) {
    await response.body?.cancel()
    return kept
  }
  try {
    return await store.save(version, bodyOf(url, name, response, http))
  } catch (error) {
    await response.body?.cancel().catch(() => {}) // already read from, it is locked and ends by itself
    if (error instanceof OutriderError) throw error
    if (http.signal?.aborted) throw failed(url, http, 'aborted')
    if (error instanceof DOMException && error.name === 'QuotaExceededError') return urlSource(url, name, http)
    throw failed(url, http, `the download cannot be stored (${String(error)}): free some space, or set cacheDir`, error)
  }
}

function isMissing({ status }: Response): boolean {
  return status === 404 || status === 410
}

/** The etag, or what else changes with the file. */
function tagOf({ headers }: Response): string {
  return headers.get('etag') ?? `${headers.get('last-modified')} ${headers.get('content-length')}`
}
