// How much of an application's bundle the packages are: bundled and minified from what was built, then gzipped.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './workspace.mjs'

/** @typedef {import('./run-step.mjs').Outcome} Outcome */
/** @typedef {{ title: string, bytes: number, limit: number, inputs: readonly string[], stranger: RegExp }} Bundle */

const strategies = ['draft', 'eagle', 'medusa', 'mtp']
/** Bytes, gzipped. */
const decoderLimit = 120_000
const strategyLimit = 10_000

/**
 * @param {string} code what the application imports
 * @param {readonly string[]} external left out
 */
async function bundle(code, external) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    external: [...external],
    logLevel: 'silent',
    tsconfigRaw: {}, // the repository's own maps the packages to their sources
  })
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0)
  return { bytes, inputs: Object.keys(metafile.inputs) }
}

/**
 * What belongs to no browser or to another strategy than this.
 * @param {string} [own]
 */
function strangers(own) {
  const others = strategies.filter((name) => name !== own).join('|')
  return new RegExp(
    `packages/(strategy-(${others})|structured-output)/|packages/[\\w-]+/src/|\\.node\\.js$|/node-disk\\.js$|/webgpu/`,
  )
}

/** @returns {Promise<readonly Bundle[]>} */
async function bundles() {
  const decoder = "export { createEngine } from '@outrider/core'\nexport { webgpu } from '@outrider/kernels'\n"
  const tokenizer = ['@huggingface/*']
  const core = ['@outrider/core', '@outrider/core/*']
  /** @type {Bundle[]} */
  const found = [
    { title: 'core + kernels', limit: decoderLimit, stranger: strangers(), ...(await bundle(decoder, tokenizer)) },
  ]
  for (const name of strategies) {
    const code = `export * from '@outrider/strategy-${name}'\n`
    const stranger = strangers(name)
    const whole = { title: `core + kernels + strategy-${name}`, limit: decoderLimit, stranger }
    found.push({ ...whole, ...(await bundle(decoder + code, tokenizer)) })
    found.push({ title: `strategy-${name}`, limit: strategyLimit, stranger, ...(await bundle(code, core)) })
  }
  const titled = { title: 'core + kernels + strategy-eagle with the tokenizer', limit: Number.POSITIVE_INFINITY }
  const code = `${decoder}export { eagle } from '@outrider/strategy-eagle'`
  return [...found, { ...titled, stranger: strangers('eagle'), ...(await bundle(code, [])) }]
}

/**
 * Prints the sizes; a bundle fails that is larger than it may be, or that holds what it should not.
 * @returns {Promise<Outcome>}
 */
export async function bundleSizes() {
  let passed = 0
  const faults = []
  for (const { title, bytes, limit, inputs, stranger } of await bundles()) {
    const most = Number.isFinite(limit) ? `, at most ${(limit / 1000).toFixed(0)}` : ''
    console.log(`${(bytes / 1000).toFixed(1).padStart(6)} KB gzipped${most}: ${title}`)
    const found = inputs.filter((path) => stranger.test(path))
    if (bytes > limit) faults.push(`${title} is ${bytes} bytes gzipped: ${limit} are the most`)
    else if (found.length > 0) faults.push(`${title} pulls in ${found.join(', ')}`)
    else passed++
  }
  return { passed, failed: faults.length, output: faults.join('\n') }
}
