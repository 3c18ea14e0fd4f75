import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testServer } from '@outrider/example-05-openai-server/test-server'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { command } from './command'
import { type FakeOptions, fakeServer } from './fake-server'

const folder = await mkdtemp(join(tmpdir(), 'outrider-serve-'))
afterAll(() => rm(folder, { recursive: true }))
const prompts = join(folder, 'prompts.jsonl')
await writeFile(
  prompts,
  ['A mouse lived in an old clock.', '"Look!" said the boy.', 'It was a cold day.']
    .map((text, i) => JSON.stringify({ prompt: `<|end|>${text}`, name: `story ${i + 1}` }))
    .join('\n'),
)

const onReference = ['--backend', 'reference', '--capacity', '96', '--prompts', prompts, '--tokens', '8']

async function run(endpoint: string, ...more: string[]) {
  const said = { result: '', note: '' }
  const code = await command(['compare', '--endpoint', endpoint, ...onReference, ...more], {
    result: (text) => {
      said.result += `${text}\n`
    },
    note: (text) => {
      said.note += `${text}\n`
    },
  })
  return { code, ...said }
}

/** A fake endpoint until the test ends. */
async function fake(options: FakeOptions) {
  const server = await fakeServer(options)
  onTestFinished(server.close)
  return server
}

/** The cells of the table's row. */
function row(result: string, name: string): readonly string[] {
  return (
    result
      .split('\n')
      .find((line) => line.startsWith(`${name}  `) && !line.includes(' at ') && !line.includes(' on ')) ?? ''
  )
    .trim()
    .split(/ {2,}/)
    .slice(1)
}

describe('an engine behind 05-openai-server', () => {
  test('writes the same text with the same acceptance as the one here', async () => {
    const server = await testServer('--strategies', 'eagle3:tokens=3')
    onTestFinished(() => server.close())
    const { code, result } = await run(`${server.url}/v1`, '--strategy', 'eagle3:tokens=3')
    expect(code).toBe(0)
    expect(result).toContain(`endpoint  stories-5m at ${server.url}/v1\nhere      eagle3:tokens=3 on `)
    expect(result).toContain('Same text: 3 of 3.\n')
    expect(result).toContain('Acceptance: counters of the endpoint.')
    expect(result).toMatch(/^eagle3:tokens=3 here runs at \d+(\.\d+)?x the endpoint's speed: (slower|faster) \(/m)
    const [endpoint, here] = [row(result, 'endpoint'), row(result, 'here')]
    // Tokens, length, proposed, accepted, shares by position; between them the times.
    const counts = ([tokens, , , ...drafts]: readonly string[]) => [tokens, ...drafts]
    expect(counts(endpoint)).toEqual(counts(here))
    expect(here[0]).toBe('24')
    expect(Number(here[3])).toBeGreaterThan(1)
    expect(Number(here[4])).toBeGreaterThan(Number(here[5]))
  })

  test('behind a token, which the metrics ask for, too', async () => {
    const server = await testServer('--strategies', 'lookup', '--token', 'secret')
    onTestFinished(() => server.close())
    vi.stubEnv('OPENAI_API_KEY', 'secret')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { code, result } = await run(`${server.url}/v1`, '--strategy', 'plain', '--limit', '1')
    expect(code).toBe(0)
    expect(result).not.toContain('/metrics answers')
    vi.stubEnv('OPENAI_API_KEY', 'wrong')
    expect(await run(`${server.url}/v1`)).toMatchObject({ code: 1, note: expect.stringContaining('refuses the key') })
  })

  test('with another strategy there than here: the same text, other drafts', async () => {
    const server = await testServer('--strategies', 'lookup')
    onTestFinished(() => server.close())
    const { result } = await run(`${server.url}/v1`, '--strategy', 'plain', '--limit', '1')
    expect(result).toContain('Same text: 1 of 1.\n')
    expect(row(result, 'here').slice(3)).toEqual(['-', '-', '-', '-'])
  })
})

describe('what cannot be compared is said', () => {
  test('an endpoint that is down: exit code 1', async () => {
    const { url, close } = await fakeServer({})
    await close()
    const { code, note } = await run(url)
    expect(code).toBe(1)
    expect(note).toContain(`${url} cannot be reached (connect ECONNREFUSED`)
  })

  test('a base URL that has no API below it', async () => {
    const { url } = await fake({})
    const { code, note } = await run(url.replace('/v1', ''))
    expect(code).toBe(1)
    expect(note).toContain('the base URL ends in /v1')
  })

  test.each<[string, FakeOptions, string]>([
    [
      'another model',
      { models: ['meta-llama/Llama-3.1-8B'] },
      'the endpoint serves meta-llama/Llama-3.1-8B, and the model here is',
    ],
    ['several models', { models: ['a', 'b'] }, "name the endpoint's model with --served; it serves a, b"],
    ['no model', { models: [] }, 'it serves none'],
  ])('%s', async (_, options, message) => {
    const { url } = await fake(options)
    expect(await run(url, '--strategy', 'plain')).toMatchObject({
      code: 2,
      result: '',
      note: expect.stringContaining(message),
    })
  })

  test('--served says that it is the same model, or is not there', async () => {
    const usage = { prompt_tokens: (prompt: readonly number[]) => prompt.length, completion_tokens: 1 }
    const { url, requests } = await fake({ models: ['production'], chunks: ['x'], usage })
    expect(await run(url, '--strategy', 'plain', '--limit', '1', '--served', 'production')).toMatchObject({ code: 0 })
    expect(requests[0]).toMatchObject({ model: 'production' })
    expect(await run(url, '--served', 'staging')).toMatchObject({
      code: 2,
      note: expect.stringContaining('the endpoint does not serve staging; it serves production'),
    })
  })

  test('prompts that do not fit', async () => {
    const { url } = await fake({})
    const { code, note } = await run(url, '--strategy', 'plain', '--capacity', '9')
    expect(code).toBe(2)
    expect(note).toContain('left out, too long with 8 more tokens: story 1, story 2, story 3')
    expect(note).toContain('no prompt is left')
  })

  test('a model that is not there', async () => {
    const { url } = await fake({ models: ['nowhere'] })
    const { code, note } = await run(url, '--model', './nowhere', '--strategy', 'plain')
    expect(code).toBe(1)
    expect(note).toContain('FILE_NOT_FOUND')
  })
})
