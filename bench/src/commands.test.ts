import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runBench } from './run'

const folder = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
afterAll(() => rm(folder, { recursive: true }))

/** Runs a command on the reference backend with tiny shapes: its JSON lines, and what it said. */
async function bench(...args: string[]) {
  const json = join(folder, `${args[0]}-${args.length}.jsonl`)
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const code = await runBench([...args, '--backend', 'reference', '--tiny', '--json', json], write)
  const text = await readFile(json, 'utf8').catch(() => '')
  return {
    code,
    said: said.join('\n'),
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

describe('pnpm bench', () => {
  test('kernels measures every op that is asked for at every number of rows', async () => {
    const { code, lines } = await bench(
      'kernels',
      '--dtypes',
      'q4_0,f16',
      '--only',
      'linear,attention,rmsNorm',
      '--rows',
      '4,1',
    )
    expect(code).toBe(0)
    const measured = lines
      .filter(({ rows }) => rows !== undefined)
      .map(({ op, dtype, rows }) => `${op} ${dtype} ${rows}`)
    expect(measured).toEqual(
      ['linear q4_0', 'linear f16', 'treeAttention kv', 'rmsNorm f32'].flatMap((op) => [`${op} 1`, `${op} 4`]),
    )
    const product = lines.find(({ op, dtype, rows }) => op === 'linear' && dtype === 'q4_0' && rows === 4)
    expect(product).toMatchObject({ bench: 'kernels', shape: '256x128', dispatches: 1, clock: 'device' })
    expect(product.wholeMs).toBeGreaterThan(0)
    expect(lines[0]).toMatchObject({ op: 'empty dispatch' })
  })

  test('kernels measures arithmetics side by side, against the fastest', async () => {
    const { lines } = await bench(
      'kernels',
      '--dtypes',
      'q4_0',
      '--only',
      'linear',
      '--rows',
      '1',
      '--arithmetic',
      'f32,i8',
    )
    const found = lines.filter(({ op }) => op === 'linear').map(({ arithmetic }) => arithmetic)
    expect(found).toEqual(['f32', 'i8'])
    const ratios = lines.filter(({ op }) => op === 'linear').map(({ ratioToFastest }) => ratioToFastest)
    expect(Math.min(...ratios.filter((ratio) => ratio !== null))).toBe(1)
  })

  test('decode measures speed, memory and verify passes of a generated model', async () => {
    const { code, lines } = await bench('decode', '--rows', '1,2', '--contexts', '12')
    expect(code).toBe(0)
    const [loading, ...rest] = lines
    const costs = rest.filter(({ what }) => what === 'engine cost')
    const [plain, memory, one, two] = rest.filter(({ what }) => what !== 'engine cost')
    expect(loading).toMatchObject({ what: 'loading', model: 'tiny-q4_0', weightBytes: 755_712 })
    expect(loading.peakHostBytes).toBeGreaterThan(loading.weightBytes)
    expect(costs).toMatchObject([
      { rows: 1, how: 'run', wallRatio: 1 },
      { rows: 2, how: 'run' },
    ])
    expect(plain).toMatchObject({ what: 'plain', context: 12, tokens: 4 })
    expect(plain.tokensPerSecond).toBeGreaterThan(0)
    expect(memory.ratio).toBeGreaterThan(1)
    expect(one).toMatchObject({ what: 'verify', rows: 1, ratio: 1 })
    expect(two.rows).toBe(2)
    expect(two.ratio).toBeCloseTo(two.ms / one.ms)
  })

  test('decode measures arithmetics one after the other, against the fastest row so far', async () => {
    const { lines } = await bench('decode', '--rows', '1,2', '--contexts', '12', '--arithmetic', 'f32,i8')
    const passes = lines.filter(({ what }) => what === 'verify')
    expect(passes.map(({ arithmetic, rows }) => [arithmetic, rows])).toEqual([
      ['f32', 1],
      ['f32', 2],
      ['i8', 1],
      ['i8', 2],
    ])
    const [one, two, other, last] = passes
    expect(one.ratioToFastest).toBe(1)
    expect(two.ratioToFastest).toBeCloseTo(two.ms / one.ms)
    const least = Math.min(one.ms, other.ms)
    expect(other.ratioToFastest).toBeCloseTo(other.ms / least)
    expect(last.ratioToFastest).toBeCloseTo(last.ms / least)
  })

  test('round counts what rounds submit and read', async () => {
    const { lines } = await bench('round', '--tokens', '6', '--strategies', 'synthetic:p=1;tokens=2', '--contexts', '8')
    const ops = lines.filter(({ what }) => what === 'op')
    expect(lines.slice(0, -ops.length).map(({ strategy }) => strategy)).toEqual(['plain', 'synthetic:p=1;tokens=2'])
    expect(lines[0]).toMatchObject({ submits: 1, reads: 1, tokensPerRound: 1 })
    expect(lines[0].dispatches).toBeGreaterThan(10)
    expect(lines[1]).toMatchObject({ submits: 1, reads: 1, tokensPerRound: 3 })
    expect(ops.map(({ op }) => op)).toContain('linear 512x256')
    expect(ops.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(lines[0].dispatches)
  })

  test('end-to-end compares drafters of known acceptance with plain decoding', async () => {
    const { said, lines } = await bench('end-to-end', '--tokens', '12', '--strategies', 'synthetic:p=1;tokens=3')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({
      strategy: 'synthetic:p=1;tokens=3',
      failed: null,
      identical: true,
      expectedLength: 4,
    })
    expect(lines[1].meanAcceptanceLength).toBe(4)
    expect(said).toContain('against plain')
  })

  test('says how it is used, and what is wrong', async () => {
    expect(await bench('--help')).toMatchObject({ code: 0, said: expect.stringContaining('bench COMMAND') })
    expect(await bench('nothing')).toMatchObject({ code: 2, said: expect.stringContaining('no benchmark "nothing"') })
    expect(await bench('kernels', '--only', 'nothing')).toMatchObject({
      code: 1,
      said: expect.stringContaining('choose of linear'),
    })
    expect(await bench('decode', '--models', 'nothing')).toMatchObject({
      code: 1,
      said: expect.stringContaining('choose of 8b'),
    })
    expect(await bench('decode', '--dtypes', 'q9')).toMatchObject({
      code: 1,
      said: expect.stringContaining('choose of q4_0'),
    })
    expect(await bench('decode', '--arithmetic', 'i9')).toMatchObject({
      code: 1,
      said: expect.stringContaining('choose of f32, i8'),
    })
    expect(await bench('decode', '--rows', '0')).toMatchObject({
      code: 1,
      said: expect.stringContaining('whole numbers'),
    })
  })

  test('tiles are those of a device', async () => {
    const { code, said } = await bench('tiles')
    expect(code).toBe(1)
    expect(said).toContain('the reference backend has none')
  })
})
