import { Owned } from '@outrider/core'
import type { Arithmetic, Tensor } from '@outrider/core/spec'
import type { DeviceFacts } from '../device'
import { DeviceTensor, deviceBuffer, type Memory } from '../memory'
import { type LinearOptions, linear } from '../ops/linear/linear'
import type { WebGpuProgram } from '../programs'
import type { Recorder } from '../recorder'
import type { PackedWeight } from '../weights/packed-weight'
import { type AnyFamily, familyOf } from './candidates'
import { Choices } from './choices'
import { rowBuckets, TileBook } from './tile-book'
import { processCache, type TuningCache } from './tuning-cache'

/** What a tuner measures on. */
export interface TunePlace {
  /** The device in words. */
  readonly device: string
  readonly facts: DeviceFacts
  readonly memory: Memory
  readonly arithmetic: Arithmetic
  record(label: string, body: (recorder: Recorder) => void): WebGpuProgram
  /** Runs a program to its end: ms. */
  time(program: WebGpuProgram): Promise<number>
  /** Runs a program, and reads what it left there. */
  run(program: WebGpuProgram, read: Tensor): Promise<ArrayBuffer>
  /** ms, from any beginning. */
  now(): number
}

/** Goes up whenever kernels or candidates change, so that what was measured before no longer counts. */
const version = 6
/** A shape's measurements begin no new number of rows after so long, ms: a Llama has five shapes. */
const budgetMs = 300
/** Calls of a product in one measurement, and measurements of a tile. */
const [calls, turns] = [16, 3]
/** Numbers of rows in the order of what they matter: plain decoding first, then verification. */
const order: readonly number[] = [1, 8, 4, 6, 16, 2, 12, 32, 64]

/** What `webgpu({ tune })` takes: made by `tuner`. */
export interface Tuning {
  /** Called by the backend. */
  start(place: TunePlace): Tuner
}

/**
 * Measures, as weights are loaded, which way of cutting products suits the device, at most about a third of a second for each new
 * shape of weight, and keeps the choice. The bits of all results are the same: a tile with others is not taken. `cache`: where
 * choices are kept; default in memory, as long as the process or page lives.
 *
 * @example
 * ```ts
 * import { tuner, webgpu } from '@outrider/kernels'
 *
 * const backend = await webgpu({ tune: tuner() })
 * ```
 */
export function tuner(cache: TuningCache = processCache): Tuning {
  return { start: (place) => new Tuner(place, cache) }
}

/** Measures the tiles of each shape of weight once, unless the cache knows the outcome. */
export class Tuner {
  readonly book: TileBook = new TileBook()
  readonly #known = new Map<string, Promise<void>>()
  #tail: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly place: TunePlace,
    private readonly cache: TuningCache,
  ) {}

  /** Resolves when products with such a weight have their tiles. Throws `OUT_OF_MEMORY`, `DEVICE_LOST`. */
  tune(weight: PackedWeight): Promise<void> {
    const { arithmetic, device, facts } = this.place
    const family = familyOf(arithmetic, weight.format)
    if (!family) return Promise.resolve()
    const [outputs, inputs] = weight.shape
    const limits = `${facts.limits.maxComputeWorkgroupStorageSize}`
    const key = `outrider tiles ${version}, ${device}, ${limits}, ${family.name} ${weight.format} ${outputs}x${inputs}`
    const known = this.#known.get(key)
    if (known) return known
    // One after the other: measurements would disturb each other.
    const tuned = this.#tail.then(() => this.#tune(weight, family, key))
    this.#tail = tuned.catch(() => {})
    this.#known.set(key, tuned)
    return tuned
  }

  async #tune(weight: PackedWeight, family: AnyFamily, key: string): Promise<void> {
    const found = new Choices(weight, family, this.place.facts)
    const kept = await Promise.resolve()
      .then(() => this.cache.get(key))
      .catch(() => undefined)
    if (kept && found.read(kept)) return found.note(this.book)
    await this.#measure(weight, family, found)
    found.note(this.book)
    await Promise.resolve()
      .then(() => this.cache.set(key, found.text))
      .catch(() => {})
  }

  async #measure(weight: PackedWeight, family: AnyFamily, found: Choices): Promise<void> {
    const { memory, now } = this.place
    const [outputs, inputs] = weight.shape
    const most = Math.max(...rowBuckets)
    const x = new DeviceTensor(memory, [most, inputs], 'f32', 'tuning x')
    try {
      memory.write(deviceBuffer(memory, x), noise(most * inputs), 0)
      const until = now() + budgetMs
      for (const rows of order) {
        if (now() >= until) return
        const owned = new Owned()
        try {
          const out = owned.add(new DeviceTensor(memory, [rows, outputs], 'f32', 'tuning out'))
          const record = (options: LinearOptions) => (recorder: Recorder) => {
            for (let call = 0; call < calls; call++) linear(recorder, { x, weight, out, rows }, options)
          }
          const programs = found
            .candidates(rows)
            .map((tile, i) => owned.add(this.place.record(`tile ${i}`, record(family.options(tile)))))
          await this.#choose(rows, found, programs, out)
        } finally {
          owned.dispose()
        }
      }
    } finally {
      x.dispose()
    }
  }

  /** Takes the fastest tiles that leave the bits in `out` that the rule's leaves: a driver may get a shader wrong. */
  async #choose(rows: number, found: Choices, programs: readonly WebGpuProgram[], out: Tensor): Promise<void> {
    const bits = async (tile: number) => new Uint32Array(await this.place.run(programs[tile] as WebGpuProgram, out))
    const times = await this.#times(programs)
    const right = new Set<number>()
    let expected: Uint32Array | undefined
    for (;;) {
      const tile = [...found.choose(rows, times)].find((chosen) => !right.has(chosen))
      if (tile === undefined) return
      expected ??= await bits(0)
      const actual = await bits(tile)
      if (expected.every((word, i) => word === actual[i])) right.add(tile)
      else times[tile] = Number.POSITIVE_INFINITY
    }
  }

  /** The median time of each program, ms; they take turns, so that a clock that rises or falls meets all of them. */
  async #times(programs: readonly WebGpuProgram[]): Promise<number[]> {
    await Promise.all(programs.map((program) => program.compile()))
    for (const program of programs) await this.place.time(program)
    const times: number[][] = programs.map(() => [])
    for (let turn = 0; turn < turns; turn++)
      for (const [i, program] of programs.entries()) times[i]?.push(await this.place.time(program))
    return times.map((each) => each.sort((a, b) => a - b)[turns >> 1] as number)
  }
}

/** Numbers between -1 and 1 without a pattern that a product would not notice. */
function noise(count: number): Float32Array {
  const values = new Float32Array(count)
  for (let i = 0, state = 1; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    values[i] = state / 2 ** 31
  }
  return values
}
