import type { Tuning } from '@outrider/kernels'
import { type AnyFamily, type AnyTile, candidates, familyOf } from '../../../packages/kernels/src/tune/candidates'
import type { TunedShape } from '../../../packages/kernels/src/tune/tile-book'
import { type TunePlace, Tuner } from '../../../packages/kernels/src/tune/tuner'
import { PANEL } from '../../../packages/kernels/src/weights/layout'
import type { PackedWeight } from '../../../packages/kernels/src/weights/packed-weight'

/** The products with one shape of weight, whose tiles can be set. */
export interface SettableShape extends TunedShape {
  readonly family: AnyFamily
  readonly panels: number
}

/** Stands in for a tuner: measures nothing, notes which weights there are, and sets tiles as it is told. */
export class SetTiles implements Tuning {
  readonly #shapes = new Map<string, SettableShape>()
  #tuner: Tuner | undefined
  #place: TunePlace | undefined

  start(place: TunePlace): Tuner {
    const note = (weight: PackedWeight) => this.#note(weight)
    class Noting extends Tuner {
      override async tune(weight: PackedWeight): Promise<void> {
        note(weight)
      }
    }
    this.#place = place
    this.#tuner = new Noting(place, { get: () => undefined, set: () => {} })
    return this.#tuner
  }

  /** Every shape of weight that was loaded, the largest first. */
  get shapes(): readonly SettableShape[] {
    const size = ({ shape }: SettableShape) => shape[0] * shape[1]
    return [...this.#shapes.values()].sort((a, b) => size(b) - size(a))
  }

  /** What a tuner would try. */
  candidates({ family, panels }: SettableShape, rows: number): readonly AnyTile[] {
    return candidates(family, rows, panels, this.#facts)
  }

  /** Has programs that are recorded from now on take the tile wherever it is wide enough, else the rule's; null: the rule's. */
  set(of: SettableShape, rows: number, tile: AnyTile | null): void {
    const { family, panels } = of
    for (const least of family.leastPairs) {
      const fits = tile !== null && tile.lanes * tile.pairs >= least
      const own = fits ? tile : family.rule(rows, panels, this.#facts, least)
      family.note((this.#tuner as Tuner).book, of, rows, least, own)
    }
  }

  get #facts(): TunePlace['facts'] {
    return (this.#place as TunePlace).facts
  }

  #note({ format, shape }: PackedWeight): void {
    const family = familyOf((this.#place as TunePlace).arithmetic, format)
    const panels = Math.ceil(shape[0] / PANEL)
    if (family) this.#shapes.set(`${format} ${shape}`, { format, shape, family, panels })
  }
}
