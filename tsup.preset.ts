import { defineConfig, type Options } from 'tsup'

type Config = ReturnType<typeof defineConfig>

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
  }
  return defineConfig(options)
}
