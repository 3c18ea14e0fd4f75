import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FileServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** `GET /a.bin` or `GET /a.bin bytes=0-3` for each request so far. */
  readonly log: string[]
  /** The files by their paths; they can change while the server runs. */
  readonly files: Map<string, Uint8Array>
  /** Headers of the last request. */
  readonly last: { headers: IncomingMessage['headers'] }
  /** How the server misbehaves. */
  readonly faults: Faults
  close(): Promise<void>
}

interface Faults {
  /** Answers a range with the whole file. */
  noRanges: boolean
  /** Answers HEAD with 405. */
  noHead: boolean
  /** Breaks the connection after so many bytes of a body. */
  breakAfter: number | null
  /** Waits so long after the first bytes of a body. */
  stallMs: number
  /** Answers with this status whatever is asked. */
  status: number | null
  /** Sends no etag. */
  noTag: boolean
}

/** Serves files on 127.0.0.1, with ranges and etags, as well as it is told to. */
export async function serveFiles(files: Readonly<Record<string, Uint8Array>>): Promise<FileServer> {
  const faults: Faults = { noRanges: false, noHead: false, breakAfter: null, stallMs: 0, status: null, noTag: false }
  const state = { files: new Map(Object.entries(files)), log: [] as string[], last: { headers: {} }, faults }
  const server = createServer((request, response) => answer(request, response, state))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, ...state, close }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { files, log, last, faults }: Pick<FileServer, 'files' | 'log' | 'last' | 'faults'>,
): void {
  const { method = 'GET', url = '/' } = request
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  log.push([method, url, ...(range ? [range[0]] : [])].join(' '))
  last.headers = request.headers
  const file = files.get(decodeURIComponent(url.replace(/\?.*/, '')))
  if (faults.status !== null) return void response.writeHead(faults.status).end()
  if (method === 'HEAD' && faults.noHead) return void response.writeHead(405).end()
  if (!file) return void response.writeHead(404).end('not here')
  if (!faults.noTag) response.setHeader('etag', `"${hash(file)}"`)
  const [from, to] = range && !faults.noRanges ? [Number(range[1]), Number(range[2]) + 1] : [0, file.length]
  if (range && !faults.noRanges) {
    if (from >= file.length) return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${from}-${Math.min(to, file.length) - 1}/${file.length}`)
  }
  const body = file.subarray(from, to)
  response.setHeader('content-length', body.length)
  if (method === 'HEAD') return void response.end()
  void send(response, body, faults)
}

async function send(response: ServerResponse, body: Uint8Array, { breakAfter, stallMs }: Faults): Promise<void> {
  if (breakAfter !== null && body.length > breakAfter) {
    response.write(body.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 20))
    return
  }
  if (stallMs > 0) {
    response.write(body.subarray(0, 1000))
    await new Promise((resolve) => setTimeout(resolve, stallMs))
    response.end(body.subarray(1000))
  } else response.end(body)
}

/** FNV-1a: enough to tell two versions of a file apart. */
function hash(bytes: Uint8Array): string {
  let value = 0x811c9dc5
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value.toString(16)
}
