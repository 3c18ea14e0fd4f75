import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runBench } from './run'

const folder = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
afterAll(() => rm(folder, { recursive: true }))

async function bench(...args: string[]) {
  const json = join(folder, `${args[0]}.jsonl`)
  const said: string[] = []
  const code = await runBench([...args, '--tiny', '--json', json], (text) => said.push(text))
  if (code !== 0) throw new Error(said.join('\n'))
  return (await readFile(json, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

test('every kind of kernel runs on a device', async () => {
  const lines = await bench('kernels', '--dtypes', 'q4_0', '--rows', '1,4')
  const ops = new Set(lines.filter(({ rows }) => rows === 4).map(({ op }) => op))
  expect(ops).toEqual(
    new Set([
      'linear',
      'qkv',
      'gatedLinear',
      'treeAttention',
      'rmsNorm',
      'argmax',
      'topK 8',
      'sample',
      'adjustLogits',
      'adjust, top-k 40',
      'adjust, top-p 0.9',
    ]),
  )
  expect(lines.every(({ wholeMs }) => wholeMs === undefined || wholeMs > 0)).toBe(true)
})

test('a generated model decodes on a device, and drafts left on it change no text', async () => {
  const decoded = await bench('decode', '--rows', '1', '--contexts', '2')
  expect(decoded.map(({ what }) => what)).toEqual(['loading', 'engine cost', 'plain', 'memory', 'verify'])
  const strategies = 'syntheticDevice:p=1;tokens=3'
  const [plain, device] = await bench('end-to-end', '--tokens', '8', '--prompts', '1', '--strategies', strategies)
  expect(plain).toMatchObject({ strategy: 'plain', rounds: 8 })
  expect(device).toMatchObject({ identical: true, rounds: 2, meanAcceptanceLength: 4, readsPerRound: 1 })
})

test('tiles are searched for each shape of weight, and passes timed with all that were found', async () => {
  const lines = await bench('tiles', '--rows', '2', '--arithmetic', 'i8')
  const tiles = lines.filter(({ what }) => what === 'tile')
  expect(tiles.map(({ weight }) => weight)).toEqual(
    ['1024x256', '512x256', '256x512', '320x256', '256x256'].map((shape) => `${shape} q4_0`),
  )
  for (const { rows, ms, ruleMs, tile } of tiles) {
    expect(rows).toBe(2)
    expect(ms).toBeGreaterThan(0)
    expect(ms === ruleMs).toBe(tile === 'the rule’s')
    expect(ms).toBeLessThanOrEqual(ruleMs)
  }
  expect(lines.at(-1)).toMatchObject({ what: 'pass', rows: 2, arithmetic: 'i8' })
})
