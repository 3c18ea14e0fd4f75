// `pnpm bench COMMAND [arguments…]`: bundles bench/ into one file that needs only Node and the package `webgpu`, and runs it.
// `pnpm bench --pack FILE` writes the bundle and stops: take it to a machine with a GPU.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install, root } from './workspace.mjs'

if (!install()) process.exit(1)
const { bundle } = await import('./bundle.mjs')
const args = process.argv.slice(2)
if (args[0] === '--pack') {
  const file = args[1]
  if (!file) throw new Error('bench --pack FILE: name the file to write')
  await bundle('bench/src/main.ts', file)
} else {
  const file = join(root, 'node_modules/.cache/outrider-bench/bench.mjs')
  await bundle('bench/src/main.ts', file)
  const { chooseAdapter } = await import('./adapter.mjs')
  const env = { ...process.env, ...chooseAdapter().environment }
  process.exit(spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit', env }).status ?? 1)
}
