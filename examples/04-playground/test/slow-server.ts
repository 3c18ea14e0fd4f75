import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** A server of another origin, as a Hub is one. */
export interface SlowServer {
  readonly url: string
  /** Milliseconds before each quarter of a megabyte. */
  delay: number
  close(): Promise<void>
}

/** Serves a folder to any origin, slowly. */
export async function slowServer(folder: string): Promise<SlowServer> {
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    const path = join(folder, new URL(request.url ?? '', 'http://local').pathname)
    const size = await stat(path).then(
      (found) => (found.isFile() ? found.size : null),
      () => null,
    )
    if (size === null) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': size, etag: `"${size}"` })
    if (request.method === 'HEAD') return void response.end()
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      await setTimeout(slow.delay)
      if (response.destroyed) return
      response.write(piece)
    }
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const slow: SlowServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delay: 100,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return slow
}
