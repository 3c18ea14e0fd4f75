export { type DecoderOptions, loadDecoder } from './decoder'
export { type LayerRun, type LayerShape, type LayerSpace, type LayerWeights, layerSpace, recordLayer } from './layer'
export { ropeTable } from './rope'
export { type ReadOptions, WeightReader } from './weights'
