import { runBench } from './run'

// A process with a device alive does not end by itself.
process.exit(await runBench(process.argv.slice(2), (text) => console.log(text)))
