import { blockInputs, blockLanes, blockVectors, quantiseWgsl } from '../linear-i8/int8-rows.wgsl'
import { orderWgsl } from '../order.wgsl'
import type { Epilogue } from './product.wgsl'
import { type ProductShaders, productShaders } from './product-shaders'

/** What the epilogue of `linear` adds to the sums. */
export interface LinearForm {
  readonly bias: boolean
  /** What holds what the sums are added to, beside the bias. */
  readonly adds: 'out' | 'addend' | null
  /** Whether the best output of each workgroup's row is kept beside, and as what. */
  readonly peaks: 'none' | 'plain' | 'mapped'
  /**
   * Whether a product of float32 activations stores its output as int8 too, times a gain or as it is; needs tiles of whole blocks.
   * `scaled`: as floats, times a gain.
   */
  readonly twin: 'none' | 'plain' | 'gain' | 'scaled'
}

/** Rows of the largest tile, a multiple of those of all others. */
const mostRows = 8

/**
 * The best of what a workgroup stored in each row, the lowest of equals, goes to records [row, group]: its order and its token.
 * Groups are of the smallest workgroup's size; a larger one leaves its other records empty.
 */
const peaksWgsl = (mapped: boolean): string => /* wgsl */ `
${orderWgsl}
var<workgroup> bestWords: array<atomic<u32>, ${mostRows}>;
var<workgroup> bestIds: array<atomic<u32>, ${mostRows}>; // complemented, so that the lowest id is the largest
fn keepPeaks(firstRow: u32, firstPair: u32, lane: u32) {
  for (var i = lane; i < tileRows * tilePairs * 2u; i += groupLanes) {
    let row = firstRow + i / (tilePairs * 2u);
    let output = firstPair * 2u + i % (tilePairs * 2u);
    if (row < p.rows && output < p.outputs) {
      let word = order(out[row * p.stride + p.column + output]);
      if (word > lowest && word == atomicLoad(&bestWords[row % ${mostRows}u])) {
        atomicMax(&bestIds[row % ${mostRows}u], ~output);
      }
    }
  }
  workgroupBarrier();
  let own = tilePairs / p.groupPairs;
  for (var i = lane; i < tileRows * own; i += groupLanes) {
    let row = firstRow + i / own;
    let group = firstPair / p.groupPairs + i % own;
    if (row < p.rows && group < p.groups) {
      let at = 2u * (row * p.groups + group);
      let token = ~atomicLoad(&bestIds[row % ${mostRows}u]);
      let some = i % own == 0u && token < p.outputs;
      records[at] = select(0u, atomicLoad(&bestWords[row % ${mostRows}u]), some);
      records[at + 1u] = ${mapped ? 'targetIds[min(token, p.outputs - 1u)]' : 'token'};
    }
  }
}`

/** Block by block, with the lanes that the least workgroup has. */
const twinWgsl = (gain: boolean): string => /* wgsl */ `
${quantiseWgsl(blockLanes)}
fn keepTwin(firstRow: u32, firstPair: u32, lane: u32) {
  const blocks = tilePairs / ${blockInputs / 2}u; // of a row
  for (var b = 0u; b < tileRows * blocks; b++) {
    let row = firstRow + b / blocks;
    let output = firstPair * 2u + b % blocks * ${blockInputs}u + 4u * min(lane, ${blockLanes - 1}u);
    let live = lane < ${blockLanes}u && row < p.rows && output < p.outputs;
    let own = min(output, p.outputs - 4u);
    let at = min(row, p.rows - 1u) * p.stride + own;
    let values = vec4f(out[at], out[at + 1u], out[at + 2u], out[at + 3u]);
    let block = row * (p.outputs / ${blockInputs}u) + output / ${blockInputs}u;
    quantise(lane, live, values, ${gain ? 'twinGain[own / 4u]' : 'vec4f(1.0)'}, block * ${4 * blockVectors}u);
  }
}`

/** What is done with what a workgroup stored. */
function closeWgsl({ peaks, twin }: LinearForm): string {
  const quantises = twin === 'plain' || twin === 'gain'
  if (peaks === 'none' && !quantises) return ''
  return `${peaks === 'none' ? '' : peaksWgsl(peaks === 'mapped')}
${quantises ? twinWgsl(twin === 'gain') : ''}
fn close(firstRow: u32, firstPair: u32, lane: u32) {
  storageBarrier();
  workgroupBarrier();
  ${peaks === 'none' ? '' : 'keepPeaks(firstRow, firstPair, lane);'}
  ${quantises ? 'keepTwin(firstRow, firstPair, lane);' : ''}
}`
}

/** Stores the sums, added to the bias and to what `out` or `addend` holds where the form says so. out, addend [row, stride], from column `column` on. */
function linearEpilogue(form: LinearForm): Epilogue {
  const { bias, adds, peaks, twin } = form
  const keeps = peaks !== 'none'
  const close = closeWgsl(form)
  const addends = [...(bias ? ['bias[column]'] : []), ...(adds ? [`${adds}[at]`] : [])]
  return {
    params: ['outputs: u32', 'stride: u32', 'column: u32', ...(keeps ? ['groups: u32', 'groupPairs: u32'] : [])],
    bindings: [
      ...(bias ? ['var<storage, read> bias: array<f32>'] : []),
      ...(adds === 'addend' ? ['var<storage, read> addend: array<f32>'] : []),
      'var<storage, read_write> out: array<f32>',
      ...(keeps ? ['var<storage, read_write> records: array<u32>'] : []),
      ...(peaks === 'mapped' ? ['var<storage, read> targetIds: array<u32>'] : []),
      ...(twin === 'gain' ? ['var<storage, read> twinGain: array<vec4f>'] : []),
      ...(twin === 'scaled' ? ['var<storage, read> twinGain: array<f32>'] : []),
      ...(twin === 'none'
        ? []
        : [`var<storage, read_write> ${twin === 'scaled' ? 'scaled: array<f32>' : 'int8: array<u32>'}`]),
    ],
    closes: close !== '',
    wgsl: /* wgsl */ `${close}
fn store(row: u32, output: u32, sum: f32, scale: f32) -> f32 {
  if (output >= p.outputs) { return 0.0; }
  let column = p.column + output;
  let at = row * p.stride + column;
  let value = fma(sum, scale, ${addends.join(' + ') || '0.0'});
  out[at] = value;
  ${twin === 'scaled' ? 'scaled[at] = value * twinGain[column];' : ''}
  ${keeps ? `atomicMax(&bestWords[row % ${mostRows}u], order(value));` : ''}
  return value;
}

fn finish(row: u32, pair: u32, sums: vec2f, scale: f32) -> vec2f {
  let even = store(row, 2u * pair, sums.x, scale);
  return vec2f(even, store(row, 2u * pair + 1u, sums.y, scale));
}
`,
    outputsOfPair: 2,
  }
}

/** weight · norm(x), stored or added. */
export const linearShaders: ProductShaders<LinearForm> = productShaders(linearEpilogue)
