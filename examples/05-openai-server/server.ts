import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Backend, type ChatMessage, createEngine, type Engine, OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { buildStrategy } from '@outrider/example-02-compare/strategies'
import { webgpu } from '@outrider/kernels'
import { app } from './app'
import type { Served } from './asked'
import type { CommandOptions } from './options'
import { Queue } from './queue'
import { Formats } from './response-format'

/**
 * Milliseconds that an idle connection stays open: longer than clients and proxies use it for, so that no request is sent into one that
 * is being closed.
 */
const keepAliveTimeout = 75_000

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  readonly served: Served
  /** Ends every answer, and frees what was loaded. */
  close(): Promise<void>
}

/** Loads the model and listens. Throws what loading throws, and Node's own errors of an address that cannot be had. */
export async function startServer(options: CommandOptions, log: (error: unknown) => void): Promise<RunningServer> {
  const backend = options.backend === 'reference' ? referenceBackend() : await webgpu()
  let engine: Engine | null = null
  const free = async () => {
    await engine?.dispose()
    backend.dispose()
  }
  try {
    engine = await load(options, backend)
    const served = servedBy(engine, options)
    const queue = new Queue(options)
    const { fetch } = app(served, { queue, token: options.token, log })
    const server = createAdaptorServer({ fetch, serverOptions: { keepAliveTimeout } }) as Server
    const url = await listen(server, options)
    const close = async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      // Who is still being answered hears that nothing more comes, and its generation ends.
      server.closeAllConnections()
      await closed
      await free()
    }
    return { url, served, close }
  } catch (error) {
    await free()
    throw error
  }
}

function load(options: CommandOptions, backend: Backend): Promise<Engine> {
  const { model, heads, capacity, maxRows, running } = options
  const specs = options.strategies.filter(({ name }) => name !== 'plain')
  const strategies = specs.map((spec) => buildStrategy(spec, heads))
  const limits = { ...(capacity !== null && { capacity }), ...(maxRows !== null && { maxRows }) }
  // As many answers as run at once find a session that stands already.
  return createEngine({ backend, model, strategies, keepSessions: running, ...limits })
}

function servedBy(engine: Engine, { name, strategies, begin }: CommandOptions): Served {
  const { tokenizer } = engine
  if (!tokenizer) throw new OutriderError('TOKENIZER_MISSING', 'a server speaks text, and this model has no tokenizer')
  const template = (messages: readonly ChatMessage[]) => `${begin}${messages.map(({ content }) => content).join(' ')}`
  return {
    engine,
    tokenizer,
    name,
    strategy: strategies[0]?.text ?? 'plain',
    template: begin === null ? null : template,
    formats: new Formats(),
  }
}

function listen(server: Server, { host, port }: CommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve(`http://${name}:${address.port}`)
    })
  })
}
