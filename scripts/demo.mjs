// `pnpm demo [arguments…]`: installs and builds what is missing, then runs examples/demo on the best device of this machine.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildStale, install, root } from './workspace.mjs'

if (!install() || !buildStale()) process.exit(1)

const { chooseAdapter } = await import('./adapter.mjs')
const { exampleCommand } = await import('./examples.mjs')
const [command, ...args] = exampleCommand(join(root, 'examples/demo'))
const { status } = spawnSync(command, [...args, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...chooseAdapter().environment },
})
process.exit(status ?? 1)
