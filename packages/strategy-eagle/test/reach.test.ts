import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { eagle } from '../src'
import { headTensors, writeHead } from './tiny-head'

const prompt = Array.from({ length: 236 }, (_, i) => (i * 13 + 5) % 61)
const model = await writeTinyModel({ seed: 5, config: { max_position_embeddings: 600 } })
const head = await writeHead(headTensors({ kind: 3, states: 1 }))

// The reference backend refuses a pass whose rows stand beyond its reach.
test.each([
  ['a chain', eagle({ head, layers: [1], tokens: 5 })],
  ['a dynamic tree', eagle({ head, layers: [1], tree: { depth: 4, topK: 3, nodes: 9 } })],
])(
  '%s over a text that outgrows its reach is recorded once for each, and drafts the same each round',
  async (_, strategy) => {
    const backend = referenceBackend()
    const labels: string[] = []
    const program = backend.program.bind(backend)
    backend.program = (label, record) => {
      labels.push(label)
      return program(label, record)
    }
    const engine = await engineOn(model, { backend, capacity: 320, strategies: [strategy] })
    const plain = await engine.complete(prompt, { strategy: 'plain', maxTokens: 40, ignoreEos: true })
    const drafted = await engine.complete(prompt, { strategy: 'eagle', maxTokens: 40, ignoreEos: true })
    expect(drafted.ids).toEqual(plain.ids)
    expect(drafted.stats.proposed).toBeGreaterThan(40)
    const reaches = (what: RegExp) => new Set(labels.flatMap((label) => what.exec(label)?.slice(1) ?? []))
    expect([...reaches(/^eagle (?:draft|grow) .* below (\d+)$/)]).toEqual(['256', '1024'])
    expect([...reaches(/^eagle round .* below (\d+)$/)]).toEqual(['256', '1024'])
    expect(new Set(labels).size).toBeLessThan(40)
  },
)
