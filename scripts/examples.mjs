// Examples are TypeScript and use the built packages, as their readers would.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/** The folders under examples/ that can be run. */
export const examples = readdirSync(join(root, 'examples'))
  .map((name) => join(root, 'examples', name))
  .filter((folder) => existsSync(join(folder, 'main.ts')))

/**
 * @param {string} folder
 * @returns {[string, ...string[]]} the command that runs its main.ts
 */
export function exampleCommand(folder) {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
  return [process.execPath, tsx, '--tsconfig', join(root, 'tsconfig.build.json'), join(folder, 'main.ts')]
}
