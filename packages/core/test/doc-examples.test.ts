import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
)
const options: ts.CompilerOptions = { ...config.options, noUnusedLocals: false, noEmit: true }

const packages = readdirSync(join(root, 'packages'))
const sources = packages.flatMap((name) => files(join(root, 'packages', name, 'src')))

/** Source files below a folder, without tests. */
function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Every ```ts block of a file's doc comments: a name beside the file, and its code. */
function examplesOf(file: string): readonly (readonly [string, string])[] {
  const comments = readFileSync(file, 'utf8').match(/\/\*\*[\s\S]*?(?<!\\)\*\//g) ?? []
  const blocks = comments.flatMap((comment) => {
    const text = comment.replace(/^ *\* ?/gm, '').replaceAll('*\\/', '*/')
    return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
  })
  return blocks.map((code, i) => [file.replace(/\.ts$/, `.example-${i + 1}.ts`), code])
}

const examples = new Map(sources.flatMap(examplesOf))

/** What the compiler says about some examples, each seen as a module of its own beside its source. */
function complaints(checked: ReadonlyMap<string, string>): string[] {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  const code = (file: string) => {
    const text = checked.get(file)
    return text === undefined || /^(import|export) /m.test(text) ? text : `${text}\nexport {}\n`
  }
  host.fileExists = (file) => checked.has(file) || fileExists(file)
  host.readFile = (file) => code(file) ?? readFile(file)
  host.getSourceFile = (file, target, ...rest) => {
    const text = code(file)
    return text === undefined ? getSourceFile(file, target, ...rest) : ts.createSourceFile(file, text, target, true)
  }
  const program = ts.createProgram([...checked.keys()], options, host)
  return [...checked.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found.map(
      ({ messageText }) => `${relative(root, file)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
  })
}

test('the examples in doc comments compile', () => {
  expect(examples.size).toBeGreaterThan(20)
  expect(complaints(examples)).toEqual([])
}, 120_000)

test('an example that does not compile is found', () => {
  const file = join(root, 'packages/core/src/broken.example-1.ts')
  const broken = "import { createEngine } from '@outrider/core'\n\nconst engine = await createEngine({ modell: 'x' })\n"
  expect(complaints(new Map([[file, broken]]))).toEqual([expect.stringContaining('modell')])
}, 120_000)

/** Sources of the entries that the packages export. */
const entries = packages.flatMap((name) => {
  const folder = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const paths = [...JSON.stringify(manifest.exports).matchAll(/\.\/dist\/([\w./-]+)\.js/g)]
  return [...new Set(paths.map(([, path]) => join(folder, 'src', `${path}.ts`)))].filter((path) => existsSync(path))
})

describe('public names', () => {
  const program = ts.createProgram(entries, options)
  const checker = program.getTypeChecker()
  const names = entries.flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile)
    return checker.getExportsOfModule(module as ts.Symbol).map((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const label = `${relative(root, entry)}: ${exported.name}`
      return { label, comment: ts.displayPartsToString(symbol.getDocumentationComment(checker)), symbol }
    })
  })

  test('have a doc comment', () => {
    expect(names.length).toBeGreaterThan(60)
    expect(names.filter(({ comment }) => comment.trim() === '').map(({ label }) => label)).toEqual([])
  })

  test('that are functions have an example', () => {
    const functions = names.filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Function)
    const without = functions.filter(
      ({ symbol }) => !symbol.getJsDocTags(checker).some((tag) => tag.name === 'example'),
    )
    expect(functions.length).toBeGreaterThan(10)
    expect(without.map(({ label }) => label)).toEqual([])
  })
})
