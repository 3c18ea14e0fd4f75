import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'

type Config = ReturnType<typeof defineConfig>

/**
 * Leaves indentation, comments and the spaces around operators and marks out of a shader, or of a module of shaders. Signs stay apart
 * that would read as another: `- -`, and `> =` behind a type.
 */
function shorter(text: string): string {
  return text
    .replaceAll(/(^|`|'(?= {2}))[ \t]+/gm, '$1')
    .replaceAll(/(^|[ \t]+)\/\/ (?:[^`'$\\\n]|'(?! ?[:,)}])|\$\{[^}`\n]*\})*(?=[`']|$)/gm, '')
    .replaceAll(/([;{(,\n])\n+/g, '$1')
    .replaceAll(/(?<=[\w\])}]) ([=!<>]=|[*/%+|&^-]=|&&|\|\||<<|>>|->|[=*/%+|&^<>-]) (?=[\w([~!$])/g, '$1')
    .replaceAll(/([,:;]) /g, '$1')
    .replaceAll(/ ?([{}]) ?/g, '$1')
    .replaceAll(/\b(if|for|while|return) \(/g, '$1(')
    .replaceAll(/\) (?=[@\w])/g, ')')
}

const mark = '/* wgsl */ `'

/** Changes the marked shaders of a module: from the mark to the end of the template, those within it included. */
function withinShaders(text: string, change: (shader: string) => string): string {
  const from = text.indexOf(mark)
  if (from < 0) return text
  const open = ['`']
  let at = from + mark.length
  for (; open.length > 0; at++) {
    const sign = text.startsWith('${', at) ? '${' : (text[at] as string)
    const last = open.at(-1)
    if (last === '`' ? sign === '`' : sign === '}') open.pop()
    else if (sign === '${' || sign === '`' || (sign === '{' && last !== '`')) open.push(sign)
    at += sign.length - 1
  }
  return text.slice(0, from) + change(text.slice(from, at)) + withinShaders(text.slice(at), change)
}

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

/** Publishes shaders without what only readers need: they are text that minifiers do not touch. */
const shorterShaders: Plugin = {
  name: 'shorter shaders',
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const all = /src\/index(\.node)?\.ts$/.test(path) ? await shadersFirst(path, text) : text
      const contents = path.endsWith('.wgsl.ts') ? shorter(text) : withinShaders(all, shorter)
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
    esbuildOptions(own) {
      own.logOverride = { 'ignored-bare-import': 'silent' } // shaders that nothing uses are left out, as others are
    },
  }
  return defineConfig(options)
}
