// Builds and tests examples/03-own-strategy from the packed @outrider/core, in a folder outside the workspace. What core depends on is
// linked from here rather than fetched, so that no network is needed.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from './run-step.mjs'
import { root } from './workspace.mjs'

const pnpm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['pnpm']

/** @returns {Promise<import('./run-step.mjs').Outcome>} */
export async function ownStrategy() {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-own-strategy-'))
  try {
    const source = join(root, 'examples/03-own-strategy')
    for (const part of ['package.json', 'tsconfig.json', 'src', 'test'])
      cpSync(join(source, part), join(folder, part), { recursive: true })
    const output = []
    for (const step of [pack, unpack, build, test]) {
      const done = await step(folder)
      output.push(done.output)
      if (!done.ok) return { passed: 0, failed: 1, output: output.join('\n') }
    }
    return { passed: 1, failed: 0, output: output.join('\n') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
function pack(folder) {
  return run([...pnpm, '--dir', join(root, 'packages/core'), 'pack', '--pack-destination', folder])
}

/**
 * What npm does with a tarball, and links to its dependencies and the compiler.
 * @param {string} folder
 */
async function unpack(folder) {
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  const core = join(folder, 'node_modules/@outrider/core')
  mkdirSync(core, { recursive: true })
  const done = await run(['tar', '-xzf', join(folder, tarball), '-C', core, '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) link(join(root, 'packages/core/node_modules', name), folder, name)
  for (const name of ['typescript', '@types/node']) link(join(root, 'node_modules', name), folder, name)
  return done
}

/**
 * @param {string} from
 * @param {string} folder
 * @param {string} name
 */
function link(from, folder, name) {
  const to = join(folder, 'node_modules', name)
  mkdirSync(dirname(to), { recursive: true })
  symlinkSync(realpathSync(from), to, 'junction')
}

/** @param {string} folder */
function build(folder) {
  return run([process.execPath, join(folder, 'node_modules/typescript/bin/tsc'), '-p', folder])
}

/** @param {string} folder */
function test(folder) {
  return run([process.execPath, '--test', join(folder, 'dist/test/conformance.js')])
}
