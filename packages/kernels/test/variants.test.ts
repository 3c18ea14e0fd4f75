import {
  type Backend,
  INDEX,
  MAX_TREE_ROWS,
  type Ops,
  OUTCOME,
  type Pass,
  SAMPLING,
  type WeightFormat,
} from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layouts } from '../src/weights/layout'
import { openNull } from './backends'
import { randomSource } from './weight-source'

/** Tensors of a pass and a session, empty. */
function sessionTensors(backend: Backend) {
  const words = (count: number, label: string) => backend.tensor([count], 'u32', label)
  return {
    tokens: words(MAX_TREE_ROWS, 'tokens'),
    shape: words(MAX_TREE_ROWS, 'shape'),
    index: words(INDEX.words, 'index'),
    outcome: words(OUTCOME.words, 'outcome'),
    history: words(512, 'history'),
    length: words(1, 'length'),
    other: words(1, 'other length'),
    choices: words(64, 'choices'),
  }
}

describe.each([{ subgroups: true }, { subgroups: false }])(
  'every shader compiles with subgroups $subgroups',
  (options) => {
    let backend: Backend
    let t: ReturnType<typeof sessionTensors>
    let pass: Pass

    beforeAll(async () => {
      backend = await openNull(options)
      t = sessionTensors(backend)
      pass = { rows: 4, first: 0, tokens: t.tokens, index: t.index }
    })
    afterAll(() => backend.dispose())

    const compiles = async (record: (ops: Ops) => void): Promise<number> => {
      const program = backend.program('variant', record)
      await backend.submit([program])
      return program.dispatches
    }

    test('the features are as asked for', () => {
      expect(backend.info.features.includes('subgroups')).toBe(options.subgroups)
    })

    const forms = (['f16', 'f32'] as const).flatMap((dtype) =>
      [32, 34, 36, 64, 80, 128, 256].flatMap((headDim) =>
        [1, 2, 3, 4, 8, 16, 14].map((sharing) => ({ dtype, headDim, sharing })),
      ),
    )
    test.each(forms)(
      'treeAttention $dtype headDim $headDim, $sharing heads a key head',
      async ({ dtype, headDim, sharing }) => {
        const [kvHeads, heads] = [2, 2 * sharing]
        const q = backend.tensor([4, heads * headDim], 'f32', 'q')
        const out = backend.tensor([4, heads * headDim], 'f32', 'out')
        const cache = backend.tensor([2, 2, kvHeads, 128, headDim], dtype, 'cache')
        const attend = { q, out, cache: { tensor: cache, layer: 1 }, heads, kvHeads, headDim, pass }
        expect(await compiles((ops) => ops.treeAttention(attend))).toBe(1)
        expect(await compiles((ops) => ops.compactKv({ outcome: t.outcome, cache, rows: 64 }))).toBe(1)
        for (const tensor of [q, out, cache]) tensor.dispose()
      },
    )

    test('indices, walk and commit', async () => {
      const sequence = { history: t.history, length: t.length }
      const { tokens, index, outcome } = t
      await compiles((ops) => {
        ops.treeIndex({ tree: { tokens, shape: t.shape }, sequence, index })
        ops.spanIndex({ sequence, from: t.other, to: t.length, toOffset: -1, rows: 64, tokens, index })
        ops.spanIndex({ sequence, from: t.length, to: t.length, toOffset: 1, rows: 64, tokens, index })
        ops.commitTokens({ outcome, sequence })
        ops.walkTree({ pass, choices: t.choices, outcome })
        ops.commitLength({ outcome, length: t.other, fed: 4 })
        ops.setLength({ sequence, length: t.other, offset: -1 })
        ops.setLength({ sequence, length: t.length, offset: 1 })
      })
    })

    test('what a step does of the one before', async () => {
      const sequence = { history: t.history, length: t.length }
      const { tokens, index, outcome, shape } = t
      const x = backend.tensor([4, 64], 'f32', 'x')
      const logits = backend.tensor([4, 300], 'f32', 'logits')
      const head = await backend.weight(randomSource('q8_0', 300, 64, 1), 'head')
      const once = async (record: (ops: Ops) => void, dispatches: number) =>
        expect(await compiles(record)).toBe(dispatches)
      await once((ops) => {
        ops.walkTree({ pass, choices: t.choices, outcome })
        ops.commitTokens({ outcome, sequence })
      }, 1)
      await once((ops) => {
        ops.setLength({ sequence, length: t.other, offset: -1 })
        ops.treeIndex({ tree: { tokens, shape }, sequence: { ...sequence, length: t.other }, index })
      }, 1)
      for (const format of Object.keys(layouts) as WeightFormat[]) {
        const width = /_k$/.test(format) ? 256 : 64
        const table = await backend.weight(randomSource(format, 300, width, 1), 'table')
        const embedded = backend.tensor([4, width], 'f32', 'embedded')
        await once((ops) => {
          ops.treeIndex({ tree: { tokens, shape }, sequence, index })
          ops.embed({ table, pass, out: embedded })
        }, 1)
        await once((ops) => {
          ops.linear({ x, weight: head, out: logits, rows: 4 })
          ops.argmax({ logits, vocab: 300, rows: 4, out: tokens })
          ops.embed({ table, pass, out: embedded })
        }, 2)
        for (const each of [table, embedded]) each.dispose()
      }
      for (const each of [x, logits, head]) each.dispose()
    })

    test('rows', async () => {
      const [a, b, wide] = [
        [4, 96],
        [4, 96],
        [4, 192],
      ].map((shape) => backend.tensor(shape, 'f32', 'x'))
      const norm = { gain: backend.tensor([96], 'f32', 'gain'), eps: 1e-5 }
      await compiles((ops) => {
        ops.rmsNorm({ x: a!, norm, out: b!, rows: 4 })
        ops.rmsNorm({ x: a!, norm, out: a!, rows: 4 })
        ops.concat({ parts: [{ x: a!, norm }, { x: b! }], out: wide!, rows: 4 })
        ops.gatherRows({ x: a!, indices: t.choices, at: 0, rows: 4, out: b! })
        ops.gatherLast({ x: a!, pass, out: b! })
        for (const [x, y, out] of [
          [a, b, wide],
          [a, a, b],
          [a, b, a],
          [a, b, b],
          [a, a, a],
        ])
          if (out !== wide) ops.add({ a: x!, b: y!, out: out!, rows: 4 })
      })
    })

    test.each([1, 5, 32])('choices of %i', async (k) => {
      for (const vocab of [100, 5000]) {
        const logits = backend.tensor([4, vocab], 'f32', 'logits')
        const logProbs = backend.tensor([4, k], 'f32', 'logProbs')
        const ids = backend.tensor([4, k], 'u32', 'ids')
        await compiles((ops) => {
          ops.argmax({ logits, vocab, rows: 4, out: ids })
          ops.topK({ logits, vocab, rows: 4, k, ids })
          ops.topK({ logits, vocab, rows: 4, k, ids, logProbs })
        })
      }
    })

    test.each([100, 5000])('sampling from %i tokens', async (vocab) => {
      const floats = (shape: number[]) => backend.tensor(shape, 'f32', 'f32')
      const words = (shape: number[]) => backend.tensor(shape, 'u32', 'u32')
      const sampling = { params: words([SAMPLING.words]), counts: words([vocab]), bias: floats([vocab]) }
      const [targetIds, mask] = [words([vocab]), words([4, Math.ceil(vocab / 32)])]
      const [logits, adjusted, logProbs] = [floats([4, vocab]), floats([4, vocab]), floats([4])]
      const rows = { logits, vocab, pass, sampling }
      const dispatches = await compiles((ops) => {
        for (const out of [logits, adjusted])
          for (const masked of [{}, { mask }]) ops.adjustLogits({ ...rows, out, ...masked })
        ops.filterLogits(rows)
        for (const map of [{}, { targetIds }]) {
          ops.perturbLogits({ ...rows, ...map })
          ops.sample({ ...rows, ...map, out: t.choices })
        }
        ops.logProbsOf({ logits, vocab, rows: 4, ids: t.choices, out: logProbs })
        ops.countTokens({ outcome: t.outcome, sampling })
      })
      expect(dispatches).toBe(vocab > 4096 ? 15 : 13)
      // A mask and an output of their own are one buffer too many for this device to go on in the same dispatch.
      for (const [out, masked, fits] of [
        [logits, {}, true],
        [logits, { mask }, true],
        [adjusted, {}, true],
        [adjusted, { mask }, false],
      ] as const) {
        const changed = { ...rows, logits: out }
        const adjust = (ops: Ops) => ops.adjustLogits({ ...rows, out, ...masked })
        const more = fits ? 0 : 1
        const drawn = await compiles((ops) => {
          adjust(ops)
          ops.sample({ ...changed, out: t.choices })
        })
        expect(drawn).toBe(more + (vocab > 4096 ? 2 : 1))
        for (const draws of [false, true]) {
          const filtered = await compiles((ops) => {
            adjust(ops)
            ops.filterLogits(changed)
            if (draws) ops.sample({ ...changed, out: t.choices })
          })
          expect(filtered).toBe(more + 2)
        }
      }
    })
  },
)
