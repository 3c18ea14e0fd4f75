export { type DecoderOptions, loadDecoder } from './decoder'
export { ropeTable } from './rope'
