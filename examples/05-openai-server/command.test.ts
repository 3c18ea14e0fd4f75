import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { command } from './command'
import { readOptions } from './options'

async function run(args: readonly string[], ended: (said: string) => Promise<unknown> = async () => {}) {
  let [results, notes] = ['', '']
  const code = await command(args, {
    result: (text) => {
      results += text
    },
    note: (text) => {
      notes += text
    },
    ended: () => ended(results),
  })
  return { code, results, notes }
}

const small = ['--backend', 'reference', '--capacity', '64', '--max-rows', '4', '--strategies', 'lookup,suffix']

describe('the command', () => {
  test('--once prints an answer and the metrics, and ends', async () => {
    const { code, results, notes } = await run([...small, '--once'])
    expect([code, notes]).toEqual([0, ''])
    const { choices, usage } = JSON.parse(results.split('\n', 1)[0]!)
    expect(choices[0].message.content).toMatch(/\w+ \w+/)
    expect(usage.completion_tokens).toBe(40)
    expect(results).toContain('\noutrider_tokens_total{strategy="lookup",by="target"} ')
    expect(results).toMatch(/\nvllm:spec_decode_num_drafts_total\{model_name="stories-5m",engine="0"\} \d+\n/)
  })

  test('serves until it is ended, under the name and with the strategies that it was told', async () => {
    const served = await run([...small, '--port', '0', '--name', 'tales', '--token', 'a.b'], async (said) => {
      const url = /http:\S+/.exec(said)![0]
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
      const models = await fetch(`${url}/models`, { headers: { Authorization: 'Bearer a.b' } })
      // Longer than clients keep connections: a request into one that closes would be lost.
      expect(models.headers.get('Keep-Alive')).toBe('timeout=75')
      const { data } = await models.json()
      expect(data[0]).toMatchObject({ id: 'tales', max_model_len: 64, strategies: ['plain', 'lookup', 'suffix'] })
    })
    expect(served).toMatchObject({ code: 0, notes: '' })
  })

  test('says what is wrong, and frees what it loaded', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const port = String((other.address() as AddressInfo).port)
    expect(await run([...small, '--port', port])).toMatchObject({
      code: 1,
      notes: expect.stringContaining('EADDRINUSE'),
    })
    other.close()
    const missing = await run([...small, '--model', './no-such-folder'])
    expect(missing).toMatchObject({ code: 1, notes: expect.stringMatching(/^FILE_NOT_FOUND: /) })
    const unknown = await run([...small, '--strategies', 'eagel'])
    expect(unknown).toMatchObject({ code: 2, notes: expect.stringContaining('no strategy "eagel"') })
    expect((await run(['--help'])).results).toContain('--waiting')
  })
})

describe('where it listens', () => {
  test('nowhere but here without a token', () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.7', 'box.example', '127.0.0.1.example', '128.0.0.1'])
      expect(() => readOptions(['--host', host], {})).toThrow(
        'give --token (or $OUTRIDER_TOKEN), or listen on 127.0.0.1',
      )
    for (const host of ['localhost', '127.0.0.1', '127.0.1.1', '::1'])
      expect(readOptions(['--host', host], {})).toMatchObject({ host, token: null })
    expect(readOptions([], {})).toMatchObject({ host: '127.0.0.1', port: 8080 })
  })

  test('anywhere with one that a header can hold', () => {
    expect(readOptions(['--host', '0.0.0.0', '--token', 'a-B_9.~+/=='], {})?.token).toBe('a-B_9.~+/==')
    expect(readOptions(['--host', '0.0.0.0'], { OUTRIDER_TOKEN: 'secret' })?.token).toBe('secret')
    expect(() => readOptions(['--host', '0.0.0.0'], { OUTRIDER_TOKEN: '' })).toThrow('--token')
    for (const token of ['', 'two words', 'ümlaut', 'a=b'])
      expect(() => readOptions(['--token', token], {})).toThrow('--token may hold')
  })

  test('numbers and words that are none', () => {
    for (const [flag, value] of [
      ['port', '-1'],
      ['running', '0'],
      ['waiting', '1.5'],
      ['capacity', '1e3'],
      ['backend', 'cuda'],
    ])
      expect(() => readOptions([`--${flag}=${value}`], {})).toThrow(`--${flag} must be`)
    expect(() => readOptions(['--prot', '1'], {})).toThrow('--prot')
  })
})
