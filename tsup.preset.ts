import { defineConfig, type Options } from 'tsup'

type Config = ReturnType<typeof defineConfig>

/** The one build of every package: ESM and declarations for each entry, peers and dependencies left outside. */
export function build(entry: Record<string, string>): Config {
  const options: Options = {
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    tsconfig: '../../tsconfig.build.json',
    dts: true,
    clean: true,
    splitting: true,
    sourcemap: true,
  }
  return defineConfig(options)
}
