// `pnpm demo [arguments…]`: examples/demo on the best device of this machine.
import { runExample } from './run-example.mjs'

process.exit(await runExample('demo'))
