import { OutriderError } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import { askOnce } from './once'
import { type CommandOptions, help, readOptions } from './options'
import { startServer } from './server'

/** Runs the command until `ended` and gives its exit code. */
export async function command(args: readonly string[], ended: () => Promise<unknown>): Promise<number> {
  try {
    const options = readOptions(args, process.env)
    if (options) await serve(options, ended)
    else console.log(help)
    return 0
  } catch (error) {
    console.error(describe(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function serve(options: CommandOptions, ended: () => Promise<unknown>): Promise<void> {
  const server = await startServer(options, console.error)
  try {
    const { engine, name } = server.served
    if (options.once) return console.log(await askOnce(server, options.token))
    console.log(
      `${name} on ${engine.backend.info.device}: ${server.url}/v1 (strategies: ${engine.strategies.join(', ')})`,
    )
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
