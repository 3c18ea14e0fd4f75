import { openCheckpoint } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { GeneratedModel } from './generated-model'
import { modelShapes } from './model-shapes'

const shape = (name: string) => modelShapes[name] as NonNullable<(typeof modelShapes)[string]>

describe('a generated model', () => {
  test('opens as the checkpoint of its shape', async () => {
    const made = new GeneratedModel('tiny', shape('tiny'), 'q4_0')
    const checkpoint = await openCheckpoint(made.url, made.load)
    const { vocab, hidden, layers, heads, kvHeads, headDim, intermediate, tied } = shape('tiny')
    expect(checkpoint.model).toMatchObject({ vocab, hidden, layers, heads, kvHeads, headDim, intermediate, tied })
    expect(await checkpoint.tokenizer()).toBeNull()
    expect(checkpoint.matrix('lm_head.weight').format).toBe('q4_0')
    expect([...(await checkpoint.vector('model.norm.weight'))]).toEqual(Array(hidden).fill(1))
    await checkpoint.close()
  })

  test('has the same bytes in pieces as in one', () => {
    const made = new GeneratedModel('tiny', shape('tiny'), 'q8_0')
    const whole = made.read(0, made.size)
    for (let from = 0; from < made.size; from += 99_991) {
      const length = Math.min(99_991, made.size - from)
      expect(Buffer.compare(made.read(from, length), whole.subarray(from, from + length))).toBe(0)
    }
  })

  test('of 4.5 GB takes no memory: its last row can be read by itself', async () => {
    const made = new GeneratedModel('8b', shape('8b'), 'q4_0')
    expect(made.weightBytes).toBe(4_516_872_192)
    const checkpoint = await openCheckpoint(made.url, made.load)
    const last = checkpoint.matrix('model.layers.31.mlp.down_proj.weight', [4096, 14336])
    expect(await last.rows(4095, 4096)).toHaveLength((14336 / 32) * 18)
    await checkpoint.close()
  })

  test('is refused in a format whose blocks do not fit its rows', () => {
    expect(() => new GeneratedModel('smollm2', shape('smollm2'), 'q4_k')).toThrow('no whole q4_k blocks of 256')
  })
})
