// The steps of the gate, in the order in which they run.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { bundleSizes } from './bundle-sizes.mjs'
import { exampleCommand, examples, expectation } from './examples.mjs'
import { ownStrategy } from './own-strategy.mjs'
import { commands, run, vitest } from './run-step.mjs'
import { swiftShaderEnvironment } from './swiftshader.mjs'
import { packages, root } from './workspace.mjs'

/** @typedef {import('./run-step.mjs').Outcome} Outcome */
/** @typedef {{ name: string, title: string, built?: true, run: () => Promise<Outcome> }} Step */

const pnpm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['pnpm']
const folders = packages.map((name) => `packages/${name}`)

/** @type {readonly Step[]} `built`: the step uses the built packages */
export const steps = [
  {
    name: 'lint',
    title: 'lint and format (biome)',
    run: () => commands([['biome', 'check', '--error-on-warnings', '.']]),
  },
  {
    name: 'types',
    title: 'types (tsc)',
    run: () =>
      commands([...folders, 'tsconfig.json', 'examples/04-playground'].map((project) => ['tsc', '-p', project])),
  },
  {
    name: 'cycles',
    title: 'import cycles (dpdm)',
    run: () =>
      commands([
        ['dpdm', '--no-tree', '--no-warning', '--no-progress', '--exit-code', 'circular:1', 'packages/*/src/**/*.ts'],
      ]),
  },
  { name: 'unused', title: 'unused files, exports and dependencies (knip)', run: () => commands([['knip']]) },
  { name: 'published', title: 'shaders as they are published (vitest)', run: () => vitest('published', 10) },
  { name: 'unit', title: 'unit tests (vitest)', run: () => vitest('unit', 40) },
  { name: 'build', title: 'build (tsup)', run: () => commands([[...pnpm, '--reporter=append-only', 'run', 'build']]) },
  { name: 'gpu', title: 'WebGPU tests on SwiftShader (vitest)', run: () => vitest('gpu', 60) },
  { name: 'dist', title: 'tests of the built packages (vitest)', built: true, run: () => vitest('dist', 10) },
  {
    name: 'browser',
    title: 'tests in a headless Chromium (vitest)',
    built: true,
    run: () => vitest('browser', 20),
  },
  { name: 'sizes', title: 'sizes of bundles (esbuild)', built: true, run: bundleSizes },
  ...packages.map((name) => ({
    name: 'package',
    title: `packed @outrider/${name} (publint, attw)`,
    built: /** @type {const} */ (true),
    run: () => packed(name),
  })),
  {
    name: 'third-party',
    title: "a third party's package from the packed @outrider/core (examples/03-own-strategy)",
    built: true,
    run: ownStrategy,
  },
  ...examples.map((folder) => ({
    name: 'examples',
    title: `example ${basename(folder)}`,
    built: /** @type {const} */ (true),
    run: () => example(folder),
  })),
]

/**
 * @param {string} name
 * @returns {Promise<Outcome>}
 */
async function packed(name) {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-pack-'))
  try {
    const pack = await run([...pnpm, '--dir', join(root, 'packages', name), 'pack', '--pack-destination', folder])
    const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))
    if (!pack.ok || !tarball) return { passed: 0, failed: 1, output: pack.output }
    const path = join(folder, tarball)
    return await commands([
      ['publint', 'run', path, '--strict'],
      ['attw', path, '--profile', 'esm-only', '--no-emoji'],
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs an example on SwiftShader and looks at what it prints.
 * @param {string} folder
 * @returns {Promise<Outcome>}
 */
async function example(folder) {
  const { args, wrong } = expectation(folder)
  const { ok, output, stdout } = await run([...exampleCommand(folder), ...args], {
    environment: swiftShaderEnvironment(),
  })
  const fault = ok ? wrong(stdout) : 'it failed'
  return fault === null ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output: `${output}\n${fault}` }
}
