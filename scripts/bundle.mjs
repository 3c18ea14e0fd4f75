// One ESM file out of a TypeScript entry, with every dependency but the native package `webgpu` inside.
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './workspace.mjs'

/**
 * @param {string} entry from the repository's root
 * @param {string} file
 */
export async function bundle(entry, file) {
  await build({
    entryPoints: [join(root, entry)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['webgpu'],
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'warning',
  })
}
