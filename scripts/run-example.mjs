// Installs and builds what is missing, then runs an example on the best device of this machine.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildStale, install, root } from './workspace.mjs'

/**
 * Runs examples/`name` with this process's arguments.
 * @param {string} name
 * @returns {Promise<number>} the exit code
 */
export async function runExample(name) {
  if (!install() || !buildStale()) return 1
  // These use what was installed.
  const { chooseAdapter } = await import('./adapter.mjs')
  const { exampleCommand } = await import('./examples.mjs')
  const [command, ...args] = exampleCommand(join(root, 'examples', name))
  const { status } = spawnSync(command, [...args, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...chooseAdapter().environment },
  })
  return status ?? 1
}
