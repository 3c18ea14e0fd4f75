import { type Constraint, createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { eagle } from '../src'

const folder = 'models/stories-5m'

/** Only tokens of letters and spaces; never two in a row that end with the same byte. */
const letters: Constraint = {
  specVersion: 1,
  name: 'letters',
  start: ({ vocab, bytes }) => {
    const ends = Array.from({ length: vocab }, (_, id) => {
      const text = bytes(id)
      return text?.length && /^[ a-z]+$/.test(new TextDecoder().decode(text)) ? (text.at(-1) as number) : null
    })
    const accepted: number[] = []
    return {
      mask: (path) => {
        const last = path.at(-1) ?? accepted.at(-1)
        const words = new Uint32Array(Math.ceil(vocab / 32))
        for (const [id, byte] of ends.entries())
          if (byte !== null && (last === undefined || byte !== ends[last]))
            words[id >>> 5] = (words[id >>> 5] as number) | (1 << (id & 31))
        return words
      },
      accept: (tokens) => void accepted.push(...tokens),
    }
  },
}

test.each([0, 0.8])(
  'EAGLE keeps to a constraint at temperature %f, with the ids of plain decoding',
  async (temperature) => {
    const backend = referenceBackend()
    const head = `${folder}/eagle3`
    const strategies = [
      eagle({ head, tokens: 4 }),
      { ...eagle({ head, tree: { topK: 3, depth: 3, nodes: 10 } }), name: 'dynamic' },
    ]
    const engine = await createEngine({ backend, model: folder, strategies, capacity: 128, selfCheck: false })
    const complete = (strategy: string) =>
      engine.complete('Once upon a time', { strategy, constraint: letters, temperature, seed: 3, maxTokens: 24 })
    const plain = await complete('plain')
    expect(plain.text).toMatch(/^[ a-z]+$/)
    for (const { name } of strategies) {
      const { ids, stats } = await complete(name)
      expect(ids).toEqual(plain.ids)
      expect(stats.accepted).toBeGreaterThan(0)
      expect(stats.reads).toBe(stats.rounds + stats.drafts)
    }
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  },
)
