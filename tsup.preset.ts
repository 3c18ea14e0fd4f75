import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'

type Config = ReturnType<typeof defineConfig>

/**
 * Leaves indentation, comments and the spaces around operators and marks of shaders out of what is published: they are text that
 * minifiers do not touch. Signs stay apart that would read as another: `- -`, and `> =` behind a type.
 */
const shorterShaders: Plugin = {
  name: 'shorter shaders',
  setup(build) {
    build.onLoad({ filter: /\.wgsl\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text
        .replaceAll(/^[ \t]+/gm, '')
        .replaceAll(/(^|[ \t]+)\/\/ [^`'\n]*$/gm, '')
        .replaceAll(/([;{(,\n])\n+/g, '$1')
        .replaceAll(/(?<=[\w\])}]) ([=!<>]=|[*/%+|&^-]=|&&|\|\||<<|>>|->|[=*/%+|&^<>-]) (?=[\w([~!$])/g, '$1')
        .replaceAll(/([,:;]) /g, '$1')
        .replaceAll(/ ?([{}]) ?/g, '$1')
      return { contents, loader: 'ts' }
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
    external: [/^node:/], // in kernels' entry for Node; the test of the browser bundles looks at the others
    tsconfig: '../../tsconfig.build.json',
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: true,
    esbuildPlugins: [shorterShaders],
  }
  return defineConfig(options)
}
