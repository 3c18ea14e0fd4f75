// Decodes the same prompts with several strategies in turn and says what each one changed: the speed, never the text.
import { command } from './command'

process.exitCode = await command(process.argv.slice(2), { result: console.log, note: console.error })
