import { localDisk } from '#disk'
import { OutriderError } from '../errors'
import type { ModelLocation } from '../spec/strategy'
import { browserStore } from './browser-store'
import type { ByteSource } from './byte-source'
import type { DownloadStore } from './download-store'
import { type Located, type ModelFolder, openFolder } from './folder'
import { aborted } from './http'
import { type HubPlace, hubFolder, hubPlace } from './hub'
import type { OpenOptions } from './open-options'
import { type RemoteOptions, remoteFile } from './remote-file'

const WEIGHT_FILE = /\.(safetensors|gguf)$/

/** Finds out what a location is. Throws `FILE_NOT_FOUND`, `ABORTED`. */
export async function locate(place: ModelLocation | readonly ByteSource[], options: OpenOptions): Promise<Located> {
  const open = typeof place === 'object'
  if (options.signal?.aborted) throw aborted(open ? 'open files' : place, options.signal)
  if (open) return { folder: openFolder(place), file: null }
  const location = String(place) // what is missing, too: it is not found by that name
  if (/^https?:\/\//i.test(location)) return urlPlace(location, options)
  const disk = localDisk()
  if (disk) {
    const found = await disk.place(location)
    if (found) return found
  } else if (/^\.{0,2}\//.test(location)) return urlPlace(new URL(location, globalThis.location.href).href, options)
  const hub = hubPlace(location)
  if (hub) return hubPlaced(hub, options)
  throw new OutriderError(
    'FILE_NOT_FOUND',
    `${location}: there is no such file or folder, and it is no URL and no Hub id (owner/name).`,
    { details: { location } },
  )
}

function urlPlace(url: string, options: OpenOptions): Located {
  const remote = remoteOptions(options, {})
  const { pathname } = new URL(url)
  const file = WEIGHT_FILE.test(pathname) ? decodeURIComponent(pathname.replace(/.*\//, '')) : null
  const base = file === null && !pathname.endsWith('/') ? url.replace(/[?#].*$/, '').concat('/') : url
  const folder: ModelFolder = {
    location: url,
    open: (name) => remoteFile(name === file ? url : new URL(encodeURIComponent(name), base).href, name, remote),
    list: async () => null,
  }
  return { folder, file }
}

function hubPlaced(place: HubPlace, options: OpenOptions): Located {
  const headers = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }
  const file = WEIGHT_FILE.test(place.path) ? place.path.replace(/.*\//, '') : null
  const path = file === null ? place.path : place.path.slice(0, -file.length).replace(/\/$/, '')
  const hubUrl = options.hubUrl ?? 'https://huggingface.co'
  return { folder: hubFolder(hubUrl, { ...place, path }, remoteOptions(options, headers)), file }
}

function remoteOptions(options: OpenOptions, headers: Readonly<Record<string, string>>): RemoteOptions {
  const { fetch = globalThis.fetch, signal, onProgress } = options
  return { http: { fetch: (...args) => fetch(...args), headers, signal, onProgress }, store: storeOf(options.cacheDir) }
}

function storeOf(cacheDir: string | null | undefined): DownloadStore | null {
  if (cacheDir === null) return null
  return localDisk()?.store(cacheDir) ?? ('caches' in globalThis ? browserStore(globalThis.caches) : null)
}
