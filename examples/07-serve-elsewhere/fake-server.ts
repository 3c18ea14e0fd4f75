import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a fake endpoint answers. */
export interface FakeOptions {
  readonly models?: readonly string[]
  /** What it writes after every prompt, a chunk each. */
  readonly chunks?: readonly string[]
  readonly usage?: {
    readonly prompt_tokens: number | ((prompt: readonly number[]) => number)
    readonly completion_tokens: number
  } | null
  /** null: no metrics. */
  readonly metrics?: (() => string) | null
  /** Status and body in place of a completion. */
  readonly refuses?: readonly [status: number, body: object]
  /** Is called when a completion is asked for. */
  readonly onRequest?: () => void
  /** Breaks off after the first chunk. */
  readonly breaks?: boolean
}

/** An endpoint that speaks the protocol and computes nothing, on a free port; `requests` has what was asked of /v1/completions. */
export async function fakeServer(options: FakeOptions) {
  const requests: { readonly prompt: readonly number[]; readonly [name: string]: unknown }[] = []
  const server = createServer(async (request, response) => {
    if (request.url === '/metrics' && options.metrics) return void response.end(options.metrics())
    if (request.url === '/v1/models')
      return json(response, 200, { object: 'list', data: (options.models ?? ['stories-5m']).map((id) => ({ id })) })
    if (request.url !== '/v1/completions') return json(response, 404, { error: { message: 'not found' } })
    const asked = JSON.parse(await body(request))
    requests.push(asked)
    options.onRequest?.()
    if (options.refuses) return json(response, ...options.refuses)
    await stream(response, asked.prompt, options)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests, close }
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}

async function body(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

async function stream(response: ServerResponse, prompt: readonly number[], options: FakeOptions): Promise<void> {
  const { chunks = [], usage = null, breaks = false } = options
  const send = (value: object) =>
    response.write(`data: ${JSON.stringify({ id: 'cmpl', object: 'text_completion', ...value })}\n\n`)
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  for (const text of chunks) {
    send({ choices: [{ index: 0, text, finish_reason: null }], usage: null })
    if (breaks) {
      await new Promise(setImmediate)
      return void response.destroy()
    }
  }
  if (usage) {
    const { prompt_tokens: counted, completion_tokens } = usage
    const prompt_tokens = typeof counted === 'number' ? counted : counted(prompt)
    send({ choices: [], usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens } })
  }
  response.end('data: [DONE]\n\n')
}
