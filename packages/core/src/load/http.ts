import { OutriderError } from '../errors'
import type { LoadProgress } from '../spec/checkpoint'

/** How requests are made. */
export interface HttpOptions {
  readonly fetch: typeof fetch
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: LoadProgress) => void) | undefined
}

/** Compressed transfer would hide how many bytes there are. Browsers set this header themselves. */
const UNCOMPRESSED = { 'Accept-Encoding': 'identity' }

/** A response, whatever its status. Throws `DOWNLOAD_FAILED` where there is none, `ABORTED`. */
export async function request(
  url: string,
  http: HttpOptions,
  init: { readonly method?: 'GET' | 'HEAD'; readonly range?: string } = {},
): Promise<Response> {
  const { method = 'GET', range } = init
  const headers = { ...UNCOMPRESSED, ...http.headers, ...(range && { Range: range }) }
  try {
    return await http.fetch(url, { method, headers, signal: http.signal ?? null })
  } catch (cause) {
    throw failed(url, http, 'the server cannot be reached', cause)
  }
}

/** The error for a request that went wrong, or for one that was called off. */
export function failed(url: string, { signal }: HttpOptions, what: string, cause?: unknown): OutriderError {
  if (signal?.aborted) return aborted(url, signal)
  return new OutriderError('DOWNLOAD_FAILED', `${url}: ${what}. Try again, or download the file and pass its path.`, {
    details: { url },
    ...(cause !== undefined && { cause }),
  })
}

/** The error for loading that the caller's signal ended. */
export function aborted(what: string, signal: AbortSignal): OutriderError {
  return new OutriderError('ABORTED', `Loading ${what} was aborted.`, { details: { what }, cause: signal.reason })
}

/** The error for an answer that is neither the file nor its absence. */
export function refused(url: string, http: HttpOptions, { status, statusText }: Response): OutriderError {
  const hint = status === 401 || status === 403 ? ': it does not exist, or needs a token with access to it' : ''
  return failed(url, http, `the server answers ${status} ${statusText}${hint}`.trimEnd())
}

/** The body piece by piece, with progress; ends only when all announced bytes came. Throws `DOWNLOAD_FAILED`, `ABORTED`. */
export async function* bodyOf(
  url: string,
  name: string,
  response: Response,
  http: HttpOptions,
): AsyncGenerator<Uint8Array> {
  const announced = response.headers.get('content-encoding') ? null : response.headers.get('content-length')
  const totalBytes = announced === null ? null : Number(announced)
  const reader = response.body?.getReader()
  let doneBytes = 0
  const tell = () =>
    http.onProgress?.({ item: name, stage: 'download', doneBytes, totalBytes: totalBytes ?? doneBytes })
  tell()
  try {
    while (reader) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw failed(url, http, `the connection broke after ${doneBytes} bytes`, cause)
      })
      if (done) break
      doneBytes += value.length
      yield value
      tell()
    }
    if (totalBytes !== null && doneBytes !== totalBytes)
      throw failed(url, http, `the connection ended after ${doneBytes} of ${totalBytes} bytes`)
  } finally {
    await reader?.cancel().catch(() => {})
  }
}
