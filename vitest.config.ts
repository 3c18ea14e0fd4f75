import { defineConfig } from 'vitest/config'
import { swiftShaderEnvironment } from './scripts/swiftshader.mjs'
import { withShorterShaders } from './shorter-shaders'

const here = import.meta.dirname

/** Packages resolve one another from source, so that unit and GPU tests need no build. */
const fromSource = [
  { find: '#disk', replacement: `${here}/packages/core/src/load/node-disk.ts` },
  { find: /^@outrider\/core\/([\w-]+)$/, replacement: `${here}/packages/core/src/$1/index.ts` },
  { find: /^@outrider\/core$/, replacement: `${here}/packages/core/src/index.ts` },
  { find: /^@outrider\/kernels$/, replacement: `${here}/packages/kernels/src/index.node.ts` },
  { find: /^@outrider\/(strategy-[\w-]+|structured-output)$/, replacement: `${here}/packages/$1/src/index.ts` },
]

/** Shaders as builds publish them. */
const published = {
  name: 'published shaders',
  enforce: 'pre' as const,
  transform: (text: string, path: string) =>
    /\/packages\/[\w-]+\/src\/.*\.ts$/.test(path) ? { code: withShorterShaders(path, text), map: null } : undefined,
}

const exclude = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: fromSource },
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            'packages/*/{src,test}/**/*.test.ts',
            '{scripts,examples,report/src,verify/src,bench/src}/**/*.test.ts',
          ],
          exclude: [...exclude, '**/*.{gpu,dist,browser}.test.ts'],
          // vitest leaves a core to itself, which on a machine with two is half of them.
          maxWorkers: 2,
          testTimeout: 120_000,
        },
      },
      {
        plugins: [published],
        resolve: { alias: fromSource },
        test: {
          name: 'published',
          environment: 'node',
          include: ['packages/kernels/test/*variants.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        resolve: { alias: fromSource },
        test: {
          name: 'gpu',
          environment: 'node',
          include: ['packages/*/{src,test}/**/*.gpu.test.ts', '{verify,bench}/src/**/*.gpu.test.ts'],
          exclude,
          env: swiftShaderEnvironment() ?? {},
          pool: 'forks',
          // SwiftShader fills one core and now and then another.
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'dist',
          environment: 'node',
          include: ['packages/*/test/**/*.dist.test.ts'],
          exclude,
          server: { deps: { external: [/\/packages\/[\w-]+\/dist\//] } },
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          environment: 'node',
          include: ['{browser,examples,report}/**/*.browser.test.ts'],
          exclude,
          server: { deps: { external: [/\/packages\/[\w-]+\/dist\//] } },
          // Browsers compute on all cores.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
