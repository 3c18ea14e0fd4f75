import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

/** The rooms of core in the order of their stages: a room may import every room of an earlier stage, types included. */
const STAGES: readonly (readonly string[])[] = [
  ['errors', 'owned'],
  ['abort', 'tree', 'sample'],
  ['spec'],
  ['accept', 'tokenizer', 'load', 'reference'],
  ['cache', 'model'],
  ['verify', 'draft'],
  ['decode'],
  ['compose', 'measure'],
  ['wiring'],
  ['conformance'],
]

/** Rooms of one stage do not import one another, except: */
const WITHIN_A_STAGE: readonly string[] = [
  'load → tokenizer', // a checkpoint comes with the tokenizer that its files describe
  'reference → load', // one definition of what quantised bytes mean
  'model → cache', // the graph writes the rows that the cache keeps
]

/** The one room that may import these. */
const ONLY_IN: Readonly<Record<string, string>> = { inversify: 'wiring', 'reflect-metadata': 'wiring' }

/** What the other packages may import of core: what a third party can import. */
const PUBLIC: readonly string[] = ['@outrider/core', '@outrider/core/spec', '@outrider/core/load']

const root = join(import.meta.dirname, '../../..')

interface Import {
  /** the importing file, from the repository's root */
  readonly file: string
  readonly package: string
  readonly specifier: string
}

const imports: readonly Import[] = readdirSync(join(root, 'packages')).flatMap((name) =>
  sources(join(root, 'packages', name, 'src')).flatMap((file) =>
    ts
      .preProcessFile(readFileSync(file, 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => ({ file: relative(root, file), package: name, specifier: fileName })),
  ),
)

/** Every source file below a folder; tests may import what they like. */
function sources(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) ? [path] : []
  })
}

/** The room that a file of core belongs to: its folder under src, or its own name. */
function roomOf(file: string): string {
  const [first = ''] = relative(join(root, 'packages/core/src'), join(root, file)).split('/')
  return first.replace(/\.ts$/, '')
}

function stageOf(room: string): number {
  return STAGES.findIndex((stage) => stage.includes(room))
}

/** `a → b` for every import that breaks the order of the rooms. */
function orderViolations(): string[] {
  const broken: string[] = []
  for (const { file, package: owner, specifier } of imports) {
    const from = roomOf(file)
    if (owner !== 'core' || from === 'index' || !specifier.startsWith('.')) continue
    const to = roomOf(join(dirname(file), specifier))
    const within = stageOf(from) === stageOf(to) && WITHIN_A_STAGE.includes(`${from} → ${to}`)
    if (from !== to && stageOf(to) >= stageOf(from) && !within) broken.push(`${file}: ${from} → ${to}`)
  }
  return broken
}

function offenders(rule: (found: Import) => boolean): string[] {
  return imports.filter(rule).map(({ file, specifier }) => `${file} imports ${specifier}`)
}

/** The package of a bare specifier, else undefined. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

describe('rooms of core', () => {
  test('every room has its place in the order', () => {
    const rooms = sources(join(root, 'packages/core/src')).map((file) => roomOf(relative(root, file)))
    expect(rooms.length).toBeGreaterThan(10)
    expect([...new Set(rooms)].filter((room) => room !== 'index' && stageOf(room) < 0)).toEqual([])
  })

  test('a room imports only rooms of earlier stages', () => {
    expect(orderViolations()).toEqual([])
  })

  test('no room imports the public entry', () => {
    expect(
      offenders(({ file, package: owner, specifier }) => {
        if (owner !== 'core') return false
        const own = packageOf(specifier) === '@outrider/core'
        return own || (specifier.startsWith('.') && roomOf(join(dirname(file), specifier)) === 'index')
      }),
    ).toEqual([])
  })

  test('the container stays in wiring', () => {
    expect(
      offenders(({ file, package: owner, specifier }) => {
        const home = ONLY_IN[packageOf(specifier) ?? '']
        return home !== undefined && (owner !== 'core' || roomOf(file) !== home)
      }),
    ).toEqual([])
  })
})

describe('packages', () => {
  test('kernels and strategies import only the public face of core', () => {
    expect(
      offenders(({ package: owner, specifier }) => {
        const scoped = specifier.startsWith('@outrider/')
        return owner !== 'core' && scoped && !PUBLIC.includes(specifier)
      }),
    ).toEqual([])
  })

  test('core imports no other package of this repository', () => {
    expect(
      offenders(({ package: owner, specifier }) => owner === 'core' && specifier.startsWith('@outrider/')),
    ).toEqual([])
  })

  test('no relative import leaves its package', () => {
    expect(
      offenders(({ file, package: owner, specifier }) => {
        return specifier.startsWith('.') && !join(dirname(file), specifier).startsWith(`packages/${owner}/src`)
      }),
    ).toEqual([])
  })

  test('Node built-ins are imported only by *.node.ts of kernels', () => {
    expect(
      offenders(({ file, specifier }) => {
        return isBuiltin(specifier) && !/^packages\/kernels\/src\/.*\.node\.ts$/.test(file)
      }),
    ).toEqual([])
  })

  test('*.node.ts is imported only by *.node.ts', () => {
    expect(offenders(({ file, specifier }) => /\.node$/.test(specifier) && !/\.node\.ts$/.test(file))).toEqual([])
  })
})
