import { referenceBackend } from '@outrider/core/reference'
import { type Backend, INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileOnNull, openWithDevice } from '../../../test/backends'
import { error, run, words } from '../../../test/run'
import { chain, indexOf, type Parents, pathOf, randomTree, treeWithPath } from '../../../test/trees'
import { random } from '../../../test/weight-source'
import { workgroupBytes } from './form'
import { treeAttentionWgsl } from './tree-attention.wgsl'

/** A row whose query, key and value are all NaN. */
const nobody = -1

interface Heads {
  readonly dtype: 'f16' | 'f32'
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
}

/** What a pass sees: the token (any number that names its key, value and query) in each slot and row. */
interface Scene extends Heads {
  readonly base: number
  readonly parents: Parents
  readonly slotTokens: readonly number[]
  readonly slots?: number
  readonly first?: number
  /** Rows recorded. */
  readonly rows?: number
  readonly layer?: number
  readonly reach?: number
}

/** Elements of a token's key, value or query: small multiples of 2^-8, which f16 holds exactly. */
function vector(token: number, length: number, kind: number): number[] {
  const next = random(token * 3 + kind)
  return Array.from({ length }, () => (Math.floor(next() * 1024) - 512) / 256)
}

/** binary16 bits of a multiple of 2^-8 below 2 in size. */
function halfBits(value: number): number {
  if (value === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  const mantissa = Math.abs(value) / 2 ** exponent - 1
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | (mantissa * 1024)
}

/** Runs attention over a scene; slots without a token hold garbage. f32 [rows, heads · headDim]. */
async function attend(backend: Backend, scene: Scene): Promise<Float32Array> {
  const { dtype, heads, kvHeads, headDim, base, parents, slotTokens, first = 0, layer = 0 } = scene
  const rows = scene.rows ?? parents.length - first
  const slots = scene.slots ?? slotTokens.length
  const garbage = dtype === 'f16' ? 0x7e00 : Number.NaN
  const shape = [layer + 1, 2, kvHeads, slots, headDim]
  const cache = new (dtype === 'f16' ? Uint16Array : Float32Array)((layer + 1) * 2 * kvHeads * slots * headDim).fill(
    garbage,
  )
  slotTokens.forEach((token, slot) => {
    if (token === nobody) return
    for (const which of [0, 1]) {
      const values = vector(token, kvHeads * headDim, which)
      for (let h = 0; h < kvHeads; h++)
        for (let d = 0; d < headDim; d++) {
          const value = values[h * headDim + d]!
          cache[(((layer * 2 + which) * kvHeads + h) * slots + slot) * headDim + d] =
            dtype === 'f16' ? halfBits(value) : value
        }
    }
  })
  const q = new Float32Array(rows * heads * headDim)
  for (let r = 0; r < rows && first + r < parents.length; r++) {
    const token = slotTokens[base + first + r]!
    if (token === nobody) q.fill(Number.NaN, r * heads * headDim, (r + 1) * heads * headDim)
    else q.set(vector(token, heads * headDim, 2), r * heads * headDim)
  }
  const [out] = await run(backend, {
    tensors: {
      q: { shape: [rows, heads * headDim], data: q },
      cache: { shape, dtype, data: cache },
      tokens: { shape: [MAX_TREE_ROWS], dtype: 'u32' },
      index: { shape: [INDEX.words], dtype: 'u32', data: indexOf(base, parents) },
      out: { shape: [rows, heads * headDim] },
    },
    read: ['out'],
    record: (ops, t) =>
      ops.treeAttention({
        q: t('q'),
        cache: { tensor: t('cache'), layer },
        heads,
        kvHeads,
        headDim,
        pass: { rows, first, ...(scene.reach && { reach: scene.reach }), tokens: t('tokens'), index: t('index') },
        out: t('out'),
      }),
  })
  return out as Float32Array
}

const range = (count: number, start = 0): number[] => Array.from({ length: count }, (_, i) => start + i)

const heads = (dtype: Heads['dtype'], kvHeads: number, sharing: number, headDim: number): Heads => ({
  dtype,
  kvHeads,
  heads: kvHeads * sharing,
  headDim,
})

/** Every head size and sharing, at contexts around the edges of tiles. */
const cases: readonly (Heads & { readonly base: number; readonly parents: Parents })[] = [
  { ...heads('f16', 1, 1, 32), base: 0, parents: chain(1) },
  { ...heads('f32', 1, 1, 64), base: 0, parents: randomTree(5, 1) },
  { ...heads('f16', 3, 3, 64), base: 62, parents: randomTree(5, 2) },
  { ...heads('f32', 2, 2, 64), base: 63, parents: randomTree(8, 3) },
  { ...heads('f16', 2, 4, 64), base: 64, parents: chain(2) },
  { ...heads('f16', 1, 8, 64), base: 126, parents: randomTree(17, 4) },
  { ...heads('f32', 1, 5, 80), base: 127, parents: randomTree(2, 5) },
  { ...heads('f16', 2, 7, 80), base: 40, parents: chain(33) },
  { ...heads('f16', 1, 14, 64), base: 128, parents: chain(1) },
  { ...heads('f32', 1, 4, 128), base: 129, parents: randomTree(5, 6) },
  { ...heads('f16', 2, 3, 128), base: 61, parents: randomTree(8, 7) },
  { ...heads('f16', 1, 8, 256), base: 65, parents: randomTree(2, 8) },
  { ...heads('f32', 1, 16, 256), base: 3, parents: chain(2) },
  { ...heads('f16', 1, 2, 34), base: 70, parents: randomTree(5, 9) },
  { ...heads('f32', 1, 2, 34), base: 63, parents: randomTree(5, 9) },
  { ...heads('f16', 3, 2, 32), base: 20, parents: randomTree(64, 10) },
  { ...heads('f16', 2, 1, 32), base: 33, parents: treeWithPath(256, 254, 32, 13) },
  { ...heads('f16', 1, 3, 64), base: 254, parents: randomTree(8, 11) },
  { ...heads('f32', 1, 1, 32), base: 600, parents: randomTree(2, 12) },
  { ...heads('f16', 1, 2, 64), base: 1500, parents: randomTree(3, 14) },
]

const bitsOf = new Map<string, Uint32Array>()

/** A general processor gets one team of lanes, a GPU four. */
const variants = [
  { path: 'subgroups', teams: 1, facts: { software: true } },
  { path: 'workgroup memory', teams: 1, facts: { software: true, subgroups: false } },
  { path: 'subgroups', teams: 4, facts: { software: false } },
  { path: 'workgroup memory', teams: 4, facts: { software: false, subgroups: false } },
]

/** Four teams take long on a general processor: the cases in which they differ. */
const withTeams = cases.filter(({ base }) => [62, 63, 254, 600, 1500].includes(base))

/**
 * What a processor and a GPU choose for such a reach, capacity and rows: one workgroup or several that share the keys, by chunks or
 * by spans, a lane a vector or several, tiles of 1, 2 or 4 rows.
 */
const divisions = {
  1: [
    { slots: 2500, reach: 2400 },
    { slots: 60_000, rows: 64 },
  ],
  4: [
    { slots: 2500, rows: 1 },
    { slots: 2500, rows: 17 },
    { slots: 2500, rows: 200 },
    { slots: 9000, rows: 2 },
    { slots: 9000, rows: 9 },
  ],
}

describe.each(variants)('treeAttention through $path, $teams teams', ({ facts, teams }) => {
  let backend: Backend
  const reference = referenceBackend()
  beforeAll(async () => {
    ;({ backend } = await openWithDevice(facts))
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test.each(teams === 1 ? cases : withTeams)(
    '$dtype, $heads heads on $kvHeads of $headDim, $base committed',
    async (form) => {
      const slotTokens = range(form.base + form.parents.length, 1000)
      const scene = { ...form, slotTokens, layer: 1, slots: slotTokens.length + 3 }
      const found = await attend(backend, scene)
      expect(error(found, await attend(reference, scene))).toBeLessThan(1e-12)
      const key = JSON.stringify(form)
      const other = bitsOf.get(key)
      if (other) expect(words(found)).toEqual(other)
      bitsOf.set(key, words(found))
    },
  )

  test('rows below `first` belong to earlier passes, rows beyond the tree are padding', async () => {
    const form = heads('f16', 1, 3, 64)
    const parents = randomTree(11, 5)
    const slotTokens = range(60 + 11)
    const whole = await attend(backend, { ...form, base: 60, parents, slotTokens })
    const width = form.heads * form.headDim
    const part = await attend(backend, { ...form, base: 60, parents, slotTokens, first: 7, rows: 8 })
    expect(words(part.slice(0, 4 * width))).toEqual(words(whole.slice(7 * width)))
    expect(part.slice(4 * width).every((value) => value === 0)).toBe(true)
  })

  const watched = (form: Heads, lengths: readonly number[]) => lengths.map((length) => ({ ...form, length }))
  const places =
    teams === 1
      ? [
          ...watched(heads('f16', 1, 3, 64), [3, 64, 65, 322]),
          ...watched(heads('f32', 2, 2, 80), [129]),
          ...watched(heads('f16', 1, 1, 256), [64]),
        ]
      : [...watched(heads('f16', 1, 3, 64), [322]), ...watched(heads('f32', 2, 2, 80), [257])]
  test.each(places)(
    'a row at position $length is the same, bit for bit, wherever its path lies: $dtype, $heads heads of $headDim',
    async ({ length, ...form }) => {
      // The row whose result is compared has the tokens 0..length at the positions 0..length.
      const width = form.heads * form.headDim
      const alone = await attend(backend, { ...form, base: length, parents: chain(1), slotTokens: range(length + 1) })
      const rowOf = (out: Float32Array, row: number): Uint32Array => words(out.slice(row * width, (row + 1) * width))
      const expected = rowOf(alone, 0)
      for (const [rows, depth] of [
        [2, 1],
        [5, 2],
        [8, 3],
        [33, 2],
        [64, 3],
        [256, 32],
      ] as const) {
        if (depth > length) continue
        const row = rows > 4 ? rows - 2 : rows - 1
        const parents = treeWithPath(rows, row, depth, rows)
        const path = pathOf(parents, row)
        const base = length - path.length + 1
        const slotTokens = [
          ...range(base),
          ...parents.map((_, r) => (path.includes(r) ? base + path.indexOf(r) : r % 3 ? 5000 + r : nobody)),
        ]
        const out = await attend(backend, { ...form, base, parents, slotTokens, slots: base + rows, layer: rows % 2 })
        expect(rowOf(out, row), `${rows} rows, path ${path}`).toEqual(expected)
        if (rows !== 5 && rows !== 33) continue
        const padded = await attend(backend, { ...form, base, parents, slotTokens, rows: 64, slots: base + rows })
        expect(rowOf(padded, row), `${rows} rows padded to 64`).toEqual(expected)
      }
    },
  )

  // Teams without subgroups differ in how they find a peak alone.
  const divided = [
    heads('f32', 2, 1, 128),
    ...(teams === 1 || facts.subgroups !== false ? [heads('f16', 3, 4, 32)] : []),
  ]
  test.each(divided)(
    'a row has the same bits however keys, rows and heads are divided, in any capacity: $dtype, $heads heads of $headDim',
    async (form) => {
      const parents = randomTree(3, 3)
      const scene = { ...form, base: 2300, parents, slotTokens: range(2303) }
      const whole = words(await attend(backend, { ...scene, slots: 2310 }))
      for (const division of divisions[teams as 1 | 4] as readonly { slots: number; reach?: number; rows?: number }[]) {
        const found = words(await attend(backend, { ...scene, ...division }))
        const rows = Math.min(division.rows ?? 3, 3)
        const width = rows * form.heads * form.headDim
        expect(found.slice(0, width), JSON.stringify(division)).toEqual(whole.slice(0, width))
      }
    },
  )

  test('shapes that do not fit are refused', async () => {
    const form = heads('f16', 2, 2, 64)
    const scene = { ...form, base: 0, parents: chain(1), slotTokens: [1] }
    await expect(attend(backend, { ...scene, headDim: 33 })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(attend(backend, { ...scene, heads: 3 })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(attend(backend, { ...scene, headDim: 258 })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})

test.each([
  [16, 1, true],
  [256, 16, true],
  [128, 16, true],
  [128, 16, false],
] as const)(
  'compiles for subgroups of every size, %i lanes, ahead by %i, keys shared: %s',
  async (lanes, ahead, shared) => {
    for (const dtype of ['f16', 'f32'] as const)
      for (const [headDim, group, rows] of [
        [32, 8, 1],
        [34, 2, 2],
        [64, 3, 4],
        [80, 1, 4],
        [128, 4, 1],
        [256, 2, 1],
      ] as const) {
        for (const minSubgroup of [4, 128]) {
          const reading = { dtype, headDim, group, groups: 2, lanes, ahead, shared }
          const form = { ...reading, rows: lanes === 16 ? 1 : rows }
          while (form.rows > 1 && workgroupBytes(form, minSubgroup) > 16384) form.rows /= 2
          if (workgroupBytes(form, minSubgroup) > 16384) continue
          const wgsl = treeAttentionWgsl({ ...form, reach: 'span' }, { subgroups: true, minSubgroup })
          const met = shared ? (['read_write'] as const) : []
          await compileOnNull(wgsl, true, ['read', 'read', 'read', 'read', 'read_write', ...met])
        }
      }
  },
)
