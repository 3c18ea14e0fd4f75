import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the test page and its worker over the built packages, as an application would be, into a new temporary folder. */
export async function bundlePage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-page-'))
  const source = join(import.meta.dirname, 'page')
  const { metafile } = await build({
    entryPoints: [join(source, 'page.ts'), join(source, 'worker.ts')],
    outdir: folder,
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
    tsconfigRaw: {}, // the repository's own maps the packages to their sources
  })
  const sources = Object.keys(metafile.inputs).filter((path) => /packages\/[\w-]+\/src\//.test(path))
  if (sources.length > 0) throw new Error(`the page is made of sources, not of what was built: ${sources.join(', ')}`)
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><title>Outrider</title><script type="module" src="page.js"></script>',
  )
  return folder
}
