import { type ModelShape, modelShapes } from '../model-shapes'

/** The models whose layers are measured, by the names that tables give them. */
export function layerShapes(tiny: boolean): readonly (readonly [name: string, shape: ModelShape])[] {
  return Object.entries(modelShapes).filter(([name]) => (name === 'tiny') === tiny)
}
