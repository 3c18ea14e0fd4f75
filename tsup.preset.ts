import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'
import { withShorterShaders } from './shorter-shaders'

type Config = ReturnType<typeof defineConfig>

/**
 * Text of an entry that imports every module of shaders before all else: gzip finds likeness within 32 KB, so they lie together, in the
 * order in which they come out smaller.
 */
async function shadersFirst(path: string, text: string): Promise<string> {
  const files = await readdir(dirname(path), { recursive: true })
  const shaders = files
    .filter((file) => file.endsWith('.wgsl.ts'))
    .sort()
    .reverse()
  return [...shaders.map((file) => `import './${file.slice(0, -3)}'`), text].join('\n')
}

/** Publishes shaders without what only readers need. */
const shorterShaders: Plugin = {
  name: 'shorter shaders',
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const all = /src\/index(\.node)?\.ts$/.test(path) ? await shadersFirst(path, text) : text
      return { contents: withShorterShaders(path, all), loader: 'ts' }
    })
  },
}

/** The one build of every package: ESM and declarations for each entry, peers and dependencies left outside. */
export function build(entry: Record<string, string>): Config {
  const options: Options = {
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    removeNodeProtocol: false,
    // Node's are in kernels' entry for it, and the test of the browser bundles looks at the others; `#…` is mapped by package.json.
    external: [/^node:/, /^#/],
    tsconfig: '../../tsconfig.build.json',
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: true,
    esbuildPlugins: [shorterShaders],
    esbuildOptions(own) {
      own.logOverride = { 'ignored-bare-import': 'silent' } // shaders that nothing uses are left out, as others are
    },
  }
  return defineConfig(options)
}
