// Installing and building, with nothing but Node's own modules: this runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** The names of the folders under packages/ that hold a package. */
export const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
)

/**
 * Runs pnpm in the repository root with everything it prints on stderr.
 * @param {...string} args
 * @returns {boolean} whether it succeeded
 */
function pnpm(...args) {
  const running = process.env.npm_execpath
  const options = { cwd: root, stdio: /** @type {['ignore', 2, 2]} */ (['ignore', 2, 2]) }
  if (running && /pnpm/.test(running)) return spawnSync(process.execPath, [running, ...args], options).status === 0
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return spawnSync('npx', ['-y', packageManager, ...args], { ...options, shell: true }).status === 0
}

/** Installs what the lockfile says, which takes a second when everything is there. */
export function install() {
  return pnpm('install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only')
}

/** Builds every package that is older than its sources, dependencies first. */
export function buildStale() {
  const shared = [join(root, 'tsup.preset.ts'), join(root, 'tsconfig.base.json'), join(root, 'pnpm-lock.yaml')]
  const sources = packages.flatMap((name) =>
    ['src', 'package.json', 'tsup.config.ts'].map((path) => join(root, 'packages', name, path)),
  )
  const changed = Math.max(...[...shared, ...sources].flatMap(files).map((file) => statSync(file).mtimeMs))
  const built = Math.min(...packages.map((name) => mtime(join(root, 'packages', name, 'dist/index.d.ts'))))
  return built > changed || pnpm('--reporter=append-only', 'run', 'build')
}

/**
 * @param {string} path
 * @returns {string[]} the file, or every file below the folder
 */
function files(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => files(join(path, name)))
}

/** @param {string} path */
function mtime(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}
