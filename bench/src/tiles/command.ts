import { createHash } from 'node:crypto'
import type { Backend, Program } from '@outrider/core'
import type { AnyTile } from '../../../packages/kernels/src/tune/candidates'
import { rowBuckets } from '../../../packages/kernels/src/tune/tile-book'
import { Clock } from '../clock'
import { generatedModel, openModel } from '../decode/open-model'
import { mostRuns, VerifyPass } from '../decode/verify-pass'
import { openBackend } from '../device'
import type { GeneratedModel } from '../generated-model'
import { shown } from '../output'
import type { BenchSettings } from '../settings'
import { TargetProbe } from '../target-probe'
import { SetTiles, type SettableShape } from './set-tiles'

/** What a pass has to take less of to be taken for faster. */
const gain = 0.99
/** Times that the rule's tiles and those found are timed in turn. */
const turns = 3

/** `pnpm bench tiles`: which tiles make whole passes fastest, one shape of weight after another with the rest of the model around it. */
export async function benchTiles(settings: BenchSettings): Promise<void> {
  const { models, dtypes, tiny } = settings
  if (settings.backend === 'reference') throw new Error('bench tiles: the reference backend has none')
  for (const name of models ?? [tiny ? 'tiny' : '1b'])
    for (const format of dtypes ?? ['q4_0']) await searchModel(settings, generatedModel(name, format))
}

async function searchModel(settings: BenchSettings, made: GeneratedModel): Promise<void> {
  const { output, tiny, contexts } = settings
  const rows = settings.rows ?? (tiny ? [2] : rowBuckets)
  const [context = tiny ? 16 : 512] = contexts ?? []
  const tiles = new SetTiles()
  const backend = await openBackend(settings, tiles)
  try {
    const { device, arithmetic } = backend.info
    output.always({ bench: 'tiles', device, arithmetic, model: made.name, context })
    const probe = new TargetProbe()
    const most = Math.max(...rows)
    const open = await openModel(backend, made, { capacity: context + most, maxRows: most, strategies: [probe] })
    const pass = await VerifyPass.open(probe.host, context, most)
    output.table(`tiles in passes over ${made.name} behind ${context} tokens on ${device}, ${arithmetic}`, columns)
    for (const count of rows) await new Search(settings, backend, tiles, pass, count).run()
    pass.dispose()
    await open.engine.dispose()
  } finally {
    backend.dispose()
  }
}

/** The search for one number of rows. */
class Search {
  readonly #clock: Clock
  readonly #found = new Map<SettableShape, AnyTile>()

  constructor(
    private readonly settings: BenchSettings,
    private readonly backend: Backend,
    private readonly tiles: SetTiles,
    private readonly pass: VerifyPass,
    private readonly rows: number,
  ) {
    const { clock } = settings
    this.#clock = new Clock(backend, { ...clock, warmUpMs: clock.warmUpMs / 10 })
  }

  async run(): Promise<void> {
    const { tiles, rows } = this
    for (const shape of tiles.shapes) await this.#shape(shape)
    const [ruleMs, ms] = await this.#inTurn(
      () => {
        for (const shape of tiles.shapes) tiles.set(shape, rows, null)
      },
      () => {
        for (const [shape, tile] of this.#found) tiles.set(shape, rows, tile)
      },
    )
    this.settings.output.line({ what: 'pass', rows, weight: 'all', ruleMs, ms, ratio: ms / ruleMs })
    this.#clock.dispose()
  }

  /** The fastest tile for one shape, which is kept while the next ones are searched. */
  async #shape(shape: SettableShape): Promise<void> {
    const { tiles, rows } = this
    const { output, tiny } = this.settings
    const weight = `${shape.shape.join('x')} ${shape.format}`
    const tried = tiles.candidates(shape, rows)
    tiles.set(shape, rows, null)
    const bits = await this.#bits()
    let best: { readonly tile: AnyTile | null; readonly ms: number } = { tile: null, ms: Number.POSITIVE_INFINITY }
    for (const tile of tiny ? tried.slice(0, 2) : tried) {
      tiles.set(shape, rows, tile)
      if ((await this.#bits()) !== bits) {
        output.line({ what: 'tile', rows, weight, tile: `${inWords(tile)}: other bits than the rule’s` })
        continue
      }
      const ms = await this.#ms()
      if (ms < best.ms) best = { tile, ms }
    }
    const [ruleMs, bestMs] = await this.#inTurn(
      () => tiles.set(shape, rows, null),
      () => tiles.set(shape, rows, best.tile),
    )
    const found = bestMs < gain * ruleMs ? best.tile : null
    tiles.set(shape, rows, found)
    if (found) this.#found.set(shape, found)
    const ms = found ? bestMs : ruleMs
    output.line({
      what: 'tile',
      rows,
      weight,
      ruleMs,
      ms,
      ratio: ms / ruleMs,
      tile: found ? inWords(found) : 'the rule’s',
    })
  }

  /** What a pass takes as one and as the other leaves the tiles, the least of some turns: cards are not equally fast all the time. */
  async #inTurn(one: () => void, other: () => void): Promise<readonly [number, number]> {
    const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let turn = 0; turn < turns; turn++)
      for (const [i, set] of [one, other].entries()) {
        set()
        least[i] = Math.min(least[i] as number, await this.#ms())
      }
    return least
  }

  /** What a pass comes to with the tiles that are set, in words. */
  #bits(): Promise<string> {
    const { backend, pass, rows } = this
    return this.#recorded(async (program) => {
      pass.reset(rows)
      const results = await backend.submit([program], pass.results)
      return results.map((bytes) => createHash('sha256').update(new Uint8Array(bytes)).digest('hex')).join(' ')
    })
  }

  /** What a pass takes with the tiles that are set. */
  #ms(): Promise<number> {
    const { pass, rows } = this
    return this.#recorded(async (program) => {
      const { median } = await this.#clock.time(program, () => pass.reset(rows), mostRuns)
      return median
    })
  }

  async #recorded<T>(use: (program: Program) => Promise<T>): Promise<T> {
    const program = this.pass.program(this.rows)
    try {
      return await use(program)
    } finally {
      program.dispose()
    }
  }
}

function inWords({ rows, lanes, pairs, atOnce, depth }: AnyTile): string {
  return `${rows} rows, ${lanes} lanes of ${pairs} pairs, ${atOnce} slices, ${depth} ahead`
}

const columns = [
  shown('rows', 'rows'),
  shown('ms', 'ms'),
  shown('by rule', 'ruleMs'),
  shown('ratio', 'ratio'),
  shown('weight', 'weight'),
  shown('tile', 'tile'),
]
