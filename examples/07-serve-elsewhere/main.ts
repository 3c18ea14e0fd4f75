// Serves a model and its heads elsewhere: writes the commands of vLLM and SGLang, and compares an endpoint with the engine here.
import { command } from './command'

process.exitCode = await command(process.argv.slice(2), { result: console.log, note: console.error })
