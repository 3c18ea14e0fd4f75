import type { DeviceFacts } from '../device'
import { PANEL } from '../weights/layout'
import { type AnyFamily, type AnyTile, candidates } from './candidates'
import { type LeastPairs, rowBuckets, type TileBook, type TunedShape } from './tile-book'

/** What a tile has to take less of than the rule's to replace it: times of equal tiles differ too. */
const gain = 0.97

/** What was chosen for one weight: by rows and least pairs, the place of a tile among the candidates. */
export class Choices {
  #chosen: Readonly<Record<string, number>> = {}

  constructor(
    private readonly weight: TunedShape,
    private readonly family: AnyFamily,
    private readonly facts: DeviceFacts,
  ) {}

  get text(): string {
    return JSON.stringify(this.#chosen)
  }

  candidates(rows: number): readonly AnyTile[] {
    return candidates(this.family, rows, this.#panels, this.facts)
  }

  /** Takes the fastest tiles; gives the places of those that replace a rule's. */
  choose(rows: number, times: readonly number[]): ReadonlySet<number> {
    const tiles = this.candidates(rows)
    const replacing = new Set<number>()
    for (const least of this.family.leastPairs) {
      const rule = tiles.findIndex((tile) => JSON.stringify(tile) === JSON.stringify(this.#rule(rows, least)))
      let best = rule
      for (const [i, { lanes, pairs }] of tiles.entries())
        if (lanes * pairs >= least && (times[i] as number) < (times[best] as number)) best = i
      const faster = (times[best] as number) < gain * (times[rule] as number)
      this.#chosen = { ...this.#chosen, [`${rows} ${least}`]: faster ? best : rule }
      if (faster) replacing.add(best)
    }
    return replacing
  }

  /** Takes over what an earlier tuner wrote; false, and nothing is taken, where it is not that. */
  read(text: string): boolean {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return false
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const entries = Object.entries(value)
    if (entries.length === 0 || !entries.every(([place, at]) => this.#valid(place, at))) return false
    this.#chosen = value as Readonly<Record<string, number>>
    return true
  }

  note(book: TileBook): void {
    for (const [place, at] of Object.entries(this.#chosen)) {
      const [rows, least] = place.split(' ').map(Number) as [number, LeastPairs]
      this.family.note(book, this.weight, rows, least, this.candidates(rows)[at] as AnyTile)
    }
  }

  #valid(place: string, at: unknown): boolean {
    const [rows, least] = place.split(' ').map(Number) as [number, LeastPairs]
    if (!rowBuckets.includes(rows) || !this.family.leastPairs.includes(least)) return false
    const tile = Number.isInteger(at) ? this.candidates(rows)[at as number] : undefined
    return tile !== undefined && tile.lanes * tile.pairs >= least
  }

  get #panels(): number {
    return Math.ceil(this.weight.shape[0] / PANEL)
  }

  #rule(rows: number, least: LeastPairs): AnyTile {
    return this.family.rule(rows, this.#panels, this.facts, least)
  }
}
