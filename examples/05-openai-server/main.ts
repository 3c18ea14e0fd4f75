// Serves a model with OpenAI's API, drafted by a strategy of your choice, until it is interrupted.
import { once } from 'node:events'
import { command } from './command'

process.exitCode = await command(process.argv.slice(2), {
  result: console.log,
  note: console.error,
  ended: () => Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]),
})
