import type { Engine } from '@outrider/core'
import OpenAI from 'openai'
import { readOptions } from './options'
import { type RunningServer, startServer } from './server'

/** What the tests' servers have in common: plain loops, short sessions. */
const flags = [
  '--backend',
  'reference',
  '--strategies',
  'lookup',
  '--capacity',
  '160',
  '--max-rows',
  '8',
  '--port',
  '0',
]

/** A server as the command starts it, which has to fail at nothing. */
export async function testServer(...more: readonly string[]): Promise<RunningServer> {
  const options = readOptions([...flags, ...more], {})
  return startServer(options!, (error) => {
    throw error
  })
}

/** The official client, which tries nothing twice. */
export function clientOf({ url }: RunningServer, apiKey = 'none'): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
}

/** Values of a scrape, by name and labels as they are written. */
export async function scrape({ url }: RunningServer): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

/** Bytes that an engine holds without the sessions that it keeps for later ones: those make room for a strategy, and sessions in use stay. */
export async function heldBytes(engine: Engine): Promise<number> {
  await engine.addStrategy({
    specVersion: 1,
    name: 'spare',
    load: async () => ({ start: () => ({ propose: () => null }) }),
  })
  await engine.removeStrategy('spare')
  return engine.backend.stats.liveBytes
}

/** How long tests wait for what has to come, on machines that have other work. */
export const patient = { timeout: 20_000 }

/** What a stream brings. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** `usage` of an answer. */
export function usageOf(prompt: number, completion: number): object {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
