import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import send from 'send'

/** A static file server on loopback. */
export interface FolderServer {
  /** `http://127.0.0.1:port`, without a slash at its end; a secure context, as WebGPU and the Cache API want it. */
  readonly url: string
  /** `GET /a.bin` or `GET /a.bin bytes=0-3` for each request so far; tests may empty it. */
  readonly requests: string[]
  /** Ends open connections, too. */
  close(): Promise<void>
}

/**
 * Serves a folder with etags, ranges and types, and nothing kept without asking; `mounts` puts other folders under paths:
 * `serveFolder(dist, { '/models/': 'models' })`.
 */
export async function serveFolder(
  folder: string,
  mounts: Readonly<Record<string, string>> = {},
): Promise<FolderServer> {
  const places = [...Object.entries(mounts), ['/', folder]] as const
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(line(request))
    const path = (request.url ?? '/').replace(/[?#].*/, '')
    if (path === '/favicon.ico') return void response.writeHead(204).end()
    const [prefix, root] = places.find(([prefix]) => path.startsWith(prefix)) as readonly [string, string]
    send(request, path.slice(prefix.length - 1), { root, cacheControl: false })
      .on('headers', (head) => head.setHeader('cache-control', 'no-cache'))
      .on('error', ({ status }: { readonly status: number }) => void response.writeHead(status).end())
      .pipe(response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close }
}

function line({ method, url, headers }: IncomingMessage): string {
  return [method, url, headers.range].filter((part) => part !== undefined).join(' ')
}
