import { OutriderError } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import { commandsText } from './commands'
import { compareText } from './compare'
import { EndpointError } from './endpoint'
import { help, readOptions } from './options'

/** Where the command writes: what was asked for, and what is said on the way. */
export interface Output {
  result(text: string): void
  note(text: string): void
}

/** Runs the command and gives its exit code. */
export async function command(args: readonly string[], output: Output): Promise<number> {
  try {
    const asked = readOptions(args)
    if (!asked) output.result(help)
    else if (asked.name === 'commands') output.result(await commandsText(asked.options))
    else output.result(await compareText(asked.options, output.note))
    return 0
  } catch (error) {
    output.note(describe(error))
    return error instanceof UsageError ? 2 : 1
  }
}

/** What the person who runs it can act upon; the stack only of what was not foreseen. */
function describe(error: unknown): string {
  if (OutriderError.is(error)) return `${error.code}: ${error.message}`
  if (error instanceof UsageError || error instanceof EndpointError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
