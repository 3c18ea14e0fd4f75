import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { fromThisMachine, withToken } from './access'
import { ApiError, apiErrorOf } from './api-error'
import { checkModel, type Served } from './asked'
import { limitedBody } from './body'
import { readChat } from './chat-request'
import { readCompletion } from './completion-request'
import { Metrics } from './metrics'
import type { Queue } from './queue'
import { type Endpoint, respond } from './respond'
import { chatShape, completionShape } from './shapes'

/** What the app needs beside what it serves. */
export interface AppOptions {
  readonly queue: Queue
  /** What clients have to show; null: whoever reaches the server on this machine may use it. */
  readonly token: string | null
  /** Hears of errors that the server is to blame for. */
  readonly log: (error: unknown) => void
}

const endpoints: readonly Endpoint[] = [
  { path: '/v1/chat/completions', read: readChat, shape: chatShape },
  { path: '/v1/completions', read: readCompletion, shape: completionShape },
]

/** The server as a function from requests to responses. */
export function app(served: Served, { queue, token, log }: AppOptions): Hono {
  const { engine, name } = served
  const metrics = new Metrics({ model: name, queue, backend: engine.backend })
  const model = {
    id: name,
    object: 'model',
    created: Math.floor(Date.now() / 1000),
    owned_by: 'outrider',
    // vLLM's name; what `strategy` may be, and whether it changes no text on this device.
    max_model_len: engine.limits.capacity,
    strategies: engine.strategies,
    exact: engine.exact,
  }
  const told = (error: unknown): ApiError => {
    const known = apiErrorOf(error)
    if (known.status === 500) log(error)
    return known
  }
  const app = new Hono()
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    const { body, status, headers } = told(error)
    return c.json(body, status, { ...headers })
  })
  app.notFound((c) => {
    throw new ApiError(404, `Unknown request URL: ${c.req.method} ${c.req.path}`, { code: 'unknown_url' })
  })
  for (const { path } of endpoints)
    app.use(path, async (c, next) => {
      await next()
      metrics.request(path, c.res.status)
    })
  app.use(token === null ? fromThisMachine : withToken(token))
  for (const endpoint of endpoints) {
    app.post(endpoint.path, limitedBody, (c) => respond(c, endpoint, { served, queue, metrics, told }))
    app.all(endpoint.path, (c) => {
      throw new ApiError(405, `${c.req.method} is not for ${c.req.path}: POST`, { headers: { Allow: 'POST' } })
    })
  }
  app.get('/v1/models', (c) => c.json({ object: 'list', data: [model] }))
  app.get('/v1/models/:id', (c) => {
    checkModel(c.req.param('id'), served)
    return c.json(model)
  })
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }))
  return app
}
