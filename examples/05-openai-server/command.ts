import { OutriderError } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import { askOnce } from './once'
import { type CommandOptions, help, readOptions } from './options'
import { startServer } from './server'

/** Where the command writes, and what ends it. */
export interface Surroundings {
  result(text: string): void
  note(text: unknown): void
  /** Settles when the server is to end. */
  ended(): Promise<unknown>
}

/** Runs the command and gives its exit code. */
export async function command(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    const options = readOptions(args, process.env)
    if (options) await serve(options, around)
    else around.result(help)
    return 0
  } catch (error) {
    around.note(describe(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function serve(options: CommandOptions, { result, note, ended }: Surroundings): Promise<void> {
  const server = await startServer(options, note)
  try {
    const { engine, name } = server.served
    if (options.once) return result(await askOnce(server, options.token))
    const { device } = engine.backend.info
    result(`${name} on ${device}: ${server.url}/v1 (strategies: ${engine.strategies.join(', ')})`)
    const lost = engine.backend.lost.then(({ message }) => {
      throw new OutriderError('DEVICE_LOST', `the device is gone, start anew: ${message}`)
    })
    await Promise.race([ended(), lost])
  } finally {
    await server.close()
  }
}

function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) return `serve: ${message} (--help tells what there is)`
  return OutriderError.is(error) ? `${error.code}: ${message}` : message
}
