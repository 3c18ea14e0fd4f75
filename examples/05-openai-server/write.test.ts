import { expect, test } from 'vitest'
import { stream } from './write'

/** Numbers as texts, told when they are asked for. */
async function* counting(most: number, asked: number[], ended: AbortSignal) {
  for (let i = 0; i < most; i++) {
    if (ended.aborted) throw new Error('ended')
    asked.push(i)
    yield `${i} `
    await new Promise(setImmediate)
  }
}

test('texts are taken as they come, though nobody reads, and are all there for who reads late', async () => {
  const asked: number[] = []
  const body = stream(counting(1000, asked, new AbortController().signal), expect.fail)
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(1000)
  const read = (await new Response(body).text()).trim().split(' ').map(Number)
  expect(read).toEqual(asked)
})

test('who leaves is heard of, and nothing more is taken', async () => {
  const asked: number[] = []
  const client = new AbortController()
  const body = stream(counting(1000, asked, client.signal), () => client.abort())
  const reader = body.getReader()
  await reader.read()
  await reader.cancel()
  expect(client.signal.aborted).toBe(true)
  const then = asked.length
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked.length).toBe(then)
  expect(then).toBeLessThan(1000)
})
