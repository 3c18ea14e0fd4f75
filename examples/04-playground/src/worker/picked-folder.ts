import type { PickedFile } from '../protocol'

/** Nobody is ever asked at this address: `pickedFetch` answers for it. */
const host = 'https://picked.invalid/'

/** Where a model of a picked folder lies, and the folders below it. */
export interface PickedModel {
  readonly location: string
  readonly base: string
  /** Folders with a configuration or weights of their own. */
  readonly heads: readonly string[]
}

/** What was picked, as a loader's location: the folder, or its one GGUF file. */
export function pickedModel(files: readonly PickedFile[]): PickedModel {
  const top = files.filter(({ path }) => !path.includes('/')).map(({ path }) => path)
  const gguf = top.filter((path) => path.endsWith('.gguf'))
  const [only = ''] = gguf.length === 1 && !top.includes('config.json') ? gguf : []
  const below = files.filter(({ path }) => /^[^/]+\/[^/]+\.(json|safetensors)$/.test(path))
  const heads = [...new Set(below.map(({ path }) => path.replace(/\/.*/, '')))].sort()
  return { location: `${host}${encodeURIComponent(only)}`, base: host, heads }
}

/** A `fetch` that answers from picked files, with ranges, and asks the network for everything else. */
export function pickedFetch(files: readonly PickedFile[]): typeof fetch {
  const byPath = new Map(files.map(({ path, file }) => [path, file]))
  return async (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
    if (!url.startsWith(host)) return fetch(input, init)
    const file = byPath.get(decodeURIComponent(url.slice(host.length)))
    if (!file) return new Response(null, { status: 404 })
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? []
    if (from === undefined || to === undefined) return new Response(file)
    if (file.size === 0) return new Response(null, { status: 416, headers: { 'content-range': 'bytes */0' } })
    const end = Math.min(Number(to) + 1, file.size)
    const headers = { 'content-range': `bytes ${from}-${end - 1}/${file.size}`, etag: `"${file.lastModified}"` }
    return new Response(file.slice(Number(from), end), { status: 206, headers })
  }
}
