import type { Arithmetic } from '@outrider/core/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nullGpu } from '../../test/backends'
import { randomSource } from '../../test/weight-source'
import { type OpenDevice, openDevice } from '../device'
import { Memory } from '../memory'
import { linear } from '../ops/linear/linear'
import { chooseTile } from '../ops/linear/tile'
import { chooseDotTile } from '../ops/linear-i8/dot-tile'
import { Pipelines } from '../pipelines'
import { WebGpuProgram } from '../programs'
import { Recorder } from '../recorder'
import { uploadWeight } from '../weights/pack'
import { type PackedWeight, packedWeight } from '../weights/packed-weight'
import { candidates, dotFamily, floatFamily } from './candidates'
import { type TunePlace, Tuner } from './tuner'
import type { TuningCache } from './tuning-cache'

let open: OpenDevice
let memory: Memory
let pipelines: Pipelines
let weight: PackedWeight
beforeAll(async () => {
  open = await openDevice({ gpu: nullGpu() })
  memory = new Memory(open.device)
  pipelines = new Pipelines(open.device, open.facts)
  weight = packedWeight(memory, await uploadWeight(memory, randomSource('q4_0', 160, 64), 'w'))
})
afterAll(() => open.device.destroy())

/**
 * A place where programs take what `ms` says, by the number of their tile, each look at the clock takes `tick`, and tiles leave what
 * `word` says.
 */
function place(
  arithmetic: Arithmetic,
  ms: (tile: number) => number,
  { tick = 0, word = () => 1 }: { tick?: number; word?: (tile: number) => number } = {},
): TunePlace & { measured: number } {
  let now = 0
  const here = {
    measured: 0,
    device: 'null',
    facts: open.facts,
    memory,
    arithmetic,
    record(label: string, body: (recorder: Recorder) => void) {
      const recorder = new Recorder(open.facts, memory, pipelines, arithmetic)
      body(recorder)
      return new WebGpuProgram(label, recorder)
    },
    async time({ label }: WebGpuProgram) {
      here.measured++
      return ms(Number(label.split(' ')[1]))
    },
    run: async ({ label }: WebGpuProgram) => Uint32Array.of(1, word(Number(label.split(' ')[1]))).buffer,
    now: () => (now += tick),
  }
  return here
}

const cacheOf = (entries: Map<string, string>): TuningCache => ({
  get: async (key) => entries.get(key),
  set: (key, value) => entries.set(key, value),
})

test('the choice follows the times', async () => {
  const before = memory.liveBytes
  const tuner = new Tuner(
    place('f32', (tile) => (tile === 2 ? 1 : 2)),
    cacheOf(new Map()),
  )
  await tuner.tune(weight)
  for (const [rows, bucket] of [
    [1, 1],
    [2, 2],
    [3, 4],
    [7, 8],
    [64, 64],
  ] as const)
    expect(tuner.book.tile(weight, rows)).toEqual(candidates(floatFamily, bucket, 3, open.facts)[2])
  expect(tuner.book.tile(weight, 65)).toBeUndefined()
  expect(tuner.book.dotTile(weight, 1, 1)).toBeUndefined()
  expect(memory.liveBytes).toBe(before)
})

test('a recorder takes the tile of its book', async () => {
  const tuner = new Tuner(
    place('f32', (tile) => (tile === 2 ? 1 : 2)),
    cacheOf(new Map()),
  )
  await tuner.tune(weight)
  const [chosen, rule] = [tuner.book.tile(weight, 8)!, chooseTile(8, 3, open.facts)]
  const groups = [undefined, tuner.book].map((book) => {
    const recorder = new Recorder(open.facts, memory, pipelines, 'f32', book)
    const [x, out] = [recorder.scratch([8, 64], 'f32', 'x'), recorder.scratch([8, 160], 'f32', 'out')]
    linear(recorder, { x, weight, out, rows: 8 })
    return recorder.steps[0]!.workgroups
  })
  const expected = [rule, chosen].map(({ rows, lanes, pairs }) => [8 / rows, (3 * 32) / (lanes * pairs), 1])
  expect(groups).toEqual(expected)
  expect(groups[0]).not.toEqual(groups[1])
})

test('in i8 each width has a choice of its own, wide enough', async () => {
  const tiles = candidates(dotFamily, 4, 3, open.facts)
  const widths = tiles.map(({ lanes, pairs }) => lanes * pairs)
  // The narrower, the faster.
  const tuner = new Tuner(
    place('i8', (tile) => 10 + (widths[tile] ?? 32)),
    cacheOf(new Map()),
  )
  await tuner.tune(weight)
  for (const least of [1, 16, 32] as const) {
    const { lanes, pairs } = tuner.book.dotTile(weight, 4, least)!
    expect(lanes * pairs).toBe(Math.min(...widths.filter((width) => width >= least)))
  }
})

test('a tile that leaves other bits than the rule’s is not taken, the next fastest is', async () => {
  const ms = (tile: number) => ({ 1: 2, 2: 1 })[tile] ?? 3
  for (const arithmetic of ['f32', 'i8'] as const) {
    const family = arithmetic === 'f32' ? floatFamily : dotFamily
    const book = async (word: (tile: number) => number) => {
      const tuner = new Tuner(place(arithmetic, ms, { word }), cacheOf(new Map()))
      await tuner.tune(weight)
      return arithmetic === 'f32' ? tuner.book.tile(weight, 8) : tuner.book.dotTile(weight, 8, 1)
    }
    const tiles = candidates(family, 8, 3, open.facts)
    expect(await book(() => 1)).toEqual(tiles[2])
    expect(await book((tile) => (tile === 2 ? 7 : 1))).toEqual(tiles[1])
    expect(await book((tile) => (tile === 0 ? 1 : 7))).toEqual(family.rule(8, 3, open.facts, 1))
  }
})

test('what was taken is given back where a program cannot be recorded', async () => {
  const before = memory.liveBytes
  const here = place('f32', () => 1)
  const { record } = here
  here.record = (label, body) => {
    if (label === 'tile 2') throw new Error('no more')
    return record(label, body)
  }
  await expect(new Tuner(here, cacheOf(new Map())).tune(weight)).rejects.toThrow('no more')
  expect(memory.liveBytes).toBe(before)
})

test('the rule stays where others are hardly faster', async () => {
  const tuner = new Tuner(
    place('i8', (tile) => (tile === 0 ? 1 : 0.98)),
    cacheOf(new Map()),
  )
  await tuner.tune(weight)
  expect(tuner.book.dotTile(weight, 1, 1)).toEqual(chooseDotTile(1, 3, open.facts))
})

test('a shape is measured once, and what the cache knows is not measured', async () => {
  const entries = new Map<string, string>()
  const first = place('i8', (tile) => 10 - tile)
  const tuner = new Tuner(first, cacheOf(entries))
  await Promise.all([tuner.tune(weight), tuner.tune(weight)])
  const { measured } = first
  await tuner.tune(weight)
  expect(first.measured).toBe(measured)
  const second = place('i8', (tile) => tile)
  const again = new Tuner(second, cacheOf(entries))
  await again.tune(weight)
  expect(second.measured).toBe(0)
  for (const rows of [1, 2, 4, 8, 16, 32, 64])
    for (const least of [1, 16, 32] as const)
      expect(again.book.dotTile(weight, rows, least)).toEqual(tuner.book.dotTile(weight, rows, least))
  const other = place('f32', () => 1)
  await new Tuner(other, cacheOf(entries)).tune(weight)
  expect(other.measured).toBeGreaterThan(0)
})

test('a broken entry is measured anew and replaced, a cache that throws is none', async () => {
  const texts = ['', '{', '[]', 'null', '{}', '7', '{"1 1":99}', '{"1 1":-1}', '{"1 1":"0"}', '{"3 1":0}', '{"1 2":0}']
  for (const text of texts) {
    const entries = new Map<string, string>()
    const cache = cacheOf(entries)
    const here = place('i8', () => 1)
    const tuner = new Tuner(here, { ...cache, get: (key) => entries.get(key) ?? text })
    await tuner.tune(weight)
    expect(here.measured, text).toBeGreaterThan(0)
    expect(JSON.parse([...entries.values()][0]!)).toHaveProperty(['1 1'], 0)
  }
  const throws = (): never => {
    throw new Error('quota')
  }
  const tuner = new Tuner(
    place('f32', (tile) => (tile === 1 ? 1 : 2)),
    { get: throws, set: throws },
  )
  await tuner.tune(weight)
  expect(tuner.book.tile(weight, 1)).toEqual(candidates(floatFamily, 1, 3, open.facts)[1])
})

test('when time is up the rules hold for what was not measured, plain decoding being first', async () => {
  const tuner = new Tuner(
    place('f32', (tile) => (tile === 1 ? 1 : 2), { tick: 200 }),
    cacheOf(new Map()),
  )
  await tuner.tune(weight)
  expect(tuner.book.tile(weight, 1)).toBeDefined()
  expect(tuner.book.tile(weight, 64)).toBeUndefined()
})

test('products of halves are not tuned: their tiles have bits of their own', async () => {
  const here = place('f16', () => 1)
  await new Tuner(here, cacheOf(new Map())).tune(weight)
  expect(here.measured).toBe(0)
})
