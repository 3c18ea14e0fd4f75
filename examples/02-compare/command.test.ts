import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompareReport } from '@outrider/core'
import { afterAll, describe, expect, test } from 'vitest'
import { command } from './command'

const folder = await mkdtemp(join(tmpdir(), 'outrider-compare-'))
afterAll(() => rm(folder, { recursive: true }))

async function run(...args: string[]) {
  const said = { result: '', note: '' }
  const code = await command(args, {
    result: (text) => {
      said.result += `${text}\n`
    },
    note: (text) => {
      said.note += `${text}\n`
    },
  })
  return { code, ...said }
}

const onReference = [
  '--backend',
  'reference',
  '--max-tokens',
  '6',
  '--limit',
  '1',
  '--capacity',
  '64',
  '--max-rows',
  '8',
]

describe('the command', () => {
  test('writes a report whose texts are equal, as JSON, Markdown and a table', async () => {
    const [json, markdown] = [join(folder, 'report.json'), join(folder, 'report.md')]
    const files = ['--json', json, '--markdown', markdown]
    const { code, result } = await run(
      ...onReference,
      '--strategies',
      'eagle3:tokens=2,firstOf(lookup,medusa),adaptive(earlyExit:layer=4;tokens=3)',
      ...files,
    )
    expect(code).toBe(0)
    const report: CompareReport = JSON.parse(await readFile(json, 'utf8'))
    expect(report).toMatchObject({ format: 1, title: 'stories-5m', exact: true, guarantee: 'same-tokens' })
    expect(report.prompts[0]?.ids).toHaveLength(6)
    const found = report.strategies.map(({ strategy, failed, identical }) => ({ strategy, failed, identical }))
    const names = ['plain', 'eagle3:tokens=2', 'firstOf(lookup,medusa)', 'adaptive(earlyExit:layer=4;tokens=3)']
    expect(found).toEqual(names.map((strategy) => ({ strategy, failed: null, identical: true })))
    expect(report.strategies[1]?.evaluated).toBeGreaterThan(0)
    expect(result).toMatch(/^plain loops, float32 \(reference;/)
    expect(await readFile(markdown, 'utf8')).toContain('| eagle3:tokens=2 |')
  })

  test('says in what arithmetic it computed', async () => {
    const { result } = await run(...onReference, '--arithmetic', 'i8', '--strategies', 'plain')
    expect(result).toContain('arithmetic i8')
  })

  test('holds strategies against plain decoding in other arithmetics', async () => {
    const [json, html] = [join(folder, 'baselines.json'), join(folder, 'baselines.html')]
    const args = [...onReference, '--strategies', 'lookup', '--baselines', 'i8,f16']
    const { code, note } = await run(...args, '--json', json)
    expect(note).not.toContain('failed')
    expect(code).toBe(0)
    const report: CompareReport = JSON.parse(await readFile(json, 'utf8'))
    const found = report.baselines?.map(({ name, environment, failed }) => [name, environment.arithmetic, failed])
    expect(found).toEqual([
      ['plain in i8', 'i8', null],
      ['plain in f16', 'f16', null],
    ])
    expect(report.strategies.map(({ strategy }) => strategy)).toEqual(['plain', 'lookup'])
    for (const { tokensPerSecond } of report.baselines ?? []) expect(tokensPerSecond?.median).toBeGreaterThan(0)
    const later = await run('--from', json, '--html', html)
    expect(await readFile(html, 'utf8')).toContain('<strong>plain in f16</strong>')
    expect(later.result).toMatch(/^plain in i8 .* not compared$/m)
    expect(later.result).toContain('plain in f16 is plain decoding in arithmetic f16, cache f32')
  })

  test('is exit code 1 where a baseline failed', async () => {
    const [json, other] = [join(folder, 'well.json'), join(folder, 'failed.json')]
    await run(...onReference, '--max-tokens', '2', '--strategies', 'plain', '--baselines', 'f16', '--json', json)
    const report = JSON.parse(await readFile(json, 'utf8'))
    report.baselines[0].failed = { code: null, message: 'it broke', prompt: 0 }
    await writeFile(other, JSON.stringify(report))
    expect(await run('--from', json)).toMatchObject({ code: 0 })
    expect(await run('--from', other)).toMatchObject({ code: 1, result: expect.stringContaining('it broke') })
  })

  test('writes one page, and the same page later from the JSON', async () => {
    const [json, html, later] = ['facts.json', 'now.html', 'later.html'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const args = [...onReference, '--strategies', 'lookup:tokens=2;maxNgram=3', '--json', json, '--html', html]
    expect(await run(...args)).toMatchObject({ code: 0 })
    const page = await readFile(html, 'utf8')
    expect(page).toMatch(/<h1>(?:Slower|Faster) than plain decoding: lookup:tokens=2;maxNgram=3 \(\d/)
    expect(page).toContain(`--strategies 'lookup:tokens=2;maxNgram=3' --json`)
    expect(page).toContain(process.version)
    expect(page).toContain('Same text: every strategy gave exactly the tokens of plain decoding')
    const { code, result } = await run('--from', json, '--html', later)
    expect(code).toBe(0)
    expect(result).toContain('lookup:tokens=2;maxNgram=3')
    const drawn = (html: string) => html.replaceAll(/plot-[0-9a-f]+/g, '')
    expect(drawn(await readFile(later, 'utf8'))).toBe(drawn(page))
  })

  test('takes a bare report, of which it knows no machine', async () => {
    const [json, bare, html] = ['whole.json', 'bare.json', 'bare.html'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await run(...onReference, '--max-tokens', '2', '--strategies', 'plain', '--json', json)
    const { facts, ...report } = JSON.parse(await readFile(json, 'utf8'))
    expect(facts.repeat).toMatch(/^pnpm compare --backend reference /)
    await writeFile(bare, JSON.stringify(report))
    expect(await run('--from', bare, '--html', html)).toMatchObject({ code: 0 })
    expect(await readFile(html, 'utf8')).toContain('The command was not written down')
    await writeFile(bare, '{"format":2}')
    expect(await run('--from', bare)).toMatchObject({ code: 2, note: expect.stringContaining('is no report') })
  })

  test('by default compares every head that the model has', async () => {
    const { result } = await run(...onReference, '--max-tokens', '2', '--json', '-')
    const { strategies }: CompareReport = JSON.parse(result)
    const names = strategies.map(({ strategy }) => strategy)
    expect(names).toEqual(['plain', 'lookup', 'eagle3', 'eagle1', 'medusa', 'mtp', 'draft'])
  })

  test('leaves out prompts that are too long, and says so', async () => {
    const prompts = join(folder, 'prompts.jsonl')
    const lines = [
      { ids: Array(60).fill(5), name: 'the long one' },
      { ids: [0, 5], name: 'the short one' },
    ]
    await writeFile(prompts, lines.map((line) => JSON.stringify(line)).join('\n'))
    const settings = [...onReference, '--limit', '2', '--prompts', prompts, '--strategies', 'plain']
    const { code, note, result } = await run(...settings, '--json', '-')
    expect(code).toBe(0)
    expect(note).toContain('left out, too long for 64 tokens with 6 more: the long one')
    expect(JSON.parse(result).prompts.map(({ name }: { name: string }) => name)).toEqual(['the short one'])
    expect(await run(...settings, '--limit', '1')).toMatchObject({
      code: 2,
      note: expect.stringContaining('no prompt is left'),
    })
  })

  test('helps', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, result: expect.stringContaining('--strategies <list>') })
  })

  test.each([
    [['--no-such'], '--no-such'],
    [['--max-tokens', '1'], '--max-tokens must be a whole number of at least 2, not "1"'],
    [['--backend', 'cuda'], '--backend must be webgpu or reference, not "cuda"'],
    [['--arithmetic', 'i4'], '--arithmetic must be f32 or i8 or f16 or fastest, not "i4"'],
    [['--baselines', 'f16,i4'], '--baselines must be f32 or i8 or f16 or fastest, not "i4"'],
    [['--baselines', 'f32'], "--baselines must name other arithmetics than the run's own, which is f32"],
    [['--arithmetic', 'i8', '--baselines', 'f32,i8'], "other arithmetics than the run's own, which is i8"],
    [['--baselines', 'i8,i8'], '--baselines names i8 twice'],
    [['--backend', 'reference', '--arithmetic', 'fastest', '--baselines', 'f32'], '--baselines: f32 comes to f32 here'],
    [['--strategies', 'eagel3'], 'no strategy "eagel3"'],
    [['--prompts', 'no-such.jsonl'], 'cannot read no-such.jsonl'],
    [['--from', 'no-such.json'], 'cannot read no-such.json'],
    [['--model', 'owner/name', '--strategies', 'eagle3'], 'eagle3 needs --heads'],
  ])('%j is refused with exit code 2', async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, result: '', note: expect.stringContaining(message) })
  })

  test('a model that is not there is exit code 1', async () => {
    const { code, note } = await run('--backend', 'reference', '--model', './no-such-folder', '--strategies', 'plain')
    expect(code).toBe(1)
    expect(note).toContain('FILE_NOT_FOUND')
  })
})
