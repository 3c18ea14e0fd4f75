import type { Context } from 'hono'
import { answer, type Delta } from './answer'
import type { ApiError } from './api-error'
import type { Asked, Served } from './asked'
import { jsonBody } from './body'
import type { Metrics } from './metrics'
import type { Queue } from './queue'
import type { Shape } from './shape'
import { events, stream, whole } from './write'

/** An endpoint that decodes: how it reads requests, and how it writes answers. */
export interface Endpoint {
  readonly path: string
  readonly read: (body: unknown, served: Served) => Asked
  readonly shape: Shape
}

/** What endpoints share. */
export interface Serving {
  readonly served: Served
  readonly queue: Queue
  readonly metrics: Metrics
  /** What a client is told of an error. */
  readonly told: (error: unknown) => ApiError
}

/** Answers a request, whole or as a stream. Throws what is wrong with it while the status can still tell. */
export async function respond(c: Context, { path, read, shape }: Endpoint, serving: Serving): Promise<Response> {
  const { served, queue, metrics, told } = serving
  const since = performance.now()
  const seconds = () => (performance.now() - since) / 1000
  const asked = read(await jsonBody(c), served)
  const client = new AbortController()
  const hungUp = () => client.abort()
  c.req.raw.signal.addEventListener('abort', hungUp)
  if (c.req.raw.signal.aborted) hungUp()

  async function* inTurn(): AsyncGenerator<Delta, void, void> {
    const leave = await queue.enter(client.signal)
    try {
      let first = true
      for await (const delta of answer(asked, served, metrics, client.signal)) {
        if (first) metrics.firstTokens(path, seconds())
        first = false
        yield delta
      }
      metrics.answered(path, seconds())
    } finally {
      leave()
    }
  }

  if (!asked.stream) return c.json(await whole(inTurn(), shape, asked, served))
  const deltas = await begun(inTurn())
  const body = stream(events(deltas, shape, asked, { served, told }), hungUp)
  return c.body(body, 200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
}

/** The items, the first of which is there already. Throws what it throws. */
async function begun<T>(items: AsyncGenerator<T, void, void>): Promise<AsyncGenerator<T, void, void>> {
  const first = await items.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* items
  })()
}
