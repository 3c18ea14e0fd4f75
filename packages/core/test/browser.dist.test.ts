import { type BuildResult, build } from 'esbuild'
import { expect, test } from 'vitest'

/** Bundles built packages as an application for the browser would; a Node built-in cannot be resolved and fails it. */
async function bundle(specifiers: readonly string[]): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    stdin: {
      contents: specifiers.map((name, index) => `export * as p${index} from '${name}'`).join('\n'),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
    tsconfigRaw: {}, // the repository's own maps the packages to their sources
  })
}

const entries = [
  '@outrider/core',
  '@outrider/core/spec',
  '@outrider/core/reference',
  '@outrider/core/load',
  '@outrider/kernels',
  '@outrider/strategy-draft',
]

test.each([...entries.map((entry) => [entry]), entries])('%s bundles for the browser', async (...specifiers) => {
  const { inputs, outputs } = (await bundle(specifiers)).metafile
  for (const specifier of specifiers) {
    const [, name = ''] = /^@outrider\/([\w-]+)/.exec(specifier) ?? []
    expect(Object.keys(inputs).some((path) => path.includes(`packages/${name}/dist/`))).toBe(true)
  }
  expect(
    Object.keys(inputs).filter((path) => /\.node\.js$|\/node-disk\.js$|node_modules\/webgpu\//.test(path)),
  ).toEqual([])
  const outside = Object.values(outputs).flatMap((output) => output.imports.filter(({ external }) => external))
  expect(outside).toEqual([])
})

test('a bundle for the browser has no local files, and says so', async () => {
  const { outputFiles } = await bundle(['@outrider/core/load'])
  const text = Buffer.from((outputFiles[0] as { contents: Uint8Array }).contents).toString('base64')
  const { p0 } = (await import(/* @vite-ignore */ `data:text/javascript;base64,${text}`)) as {
    p0: { fileSource(path: string): Promise<unknown> }
  }
  await expect(p0.fileSource('models/model.gguf')).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('pass a URL or picked files'),
  })
})
