// `pnpm compare [arguments…]`: examples/02-compare on the best device of this machine.
import { runExample } from './run-example.mjs'

process.exit(await runExample('02-compare'))
