import { repeat } from '../repeat'
import { blockInputs, blockVectors, quantiseWgsl } from './int8-rows.wgsl'

/** How a product's output is quantised as it is stored. */
export interface TwinForm {
  /** Whether it is multiplied by the gain of the norm that reads it. */
  readonly gain: boolean
  /** Outputs that a pair of the weight's outputs makes: f32 or vec2f of `finish`. */
  readonly outputsOfPair: 1 | 2
}

/** Most lanes that quantise at a time. */
const mostLanes = 64

/** Outputs of a workgroup's row, vec4s of all its rows, and the lanes that quantise at a time. */
function sizes(
  { outputsOfPair }: TwinForm,
  rows: number,
  width: number,
  size: number,
): { outputs: number; vectors: number; lanes: number } {
  const outputs = width * outputsOfPair
  const vectors = (rows * outputs) / 4
  return { outputs, vectors, lanes: Math.min(vectors, mostLanes, size) }
}

/** Workgroup memory for what `size` lanes store in `rows` rows of `width` pairs, and the function that quantises it. */
export function twinMemory(form: TwinForm, rows: number, width: number, size: number): string {
  const { outputs, lanes } = sizes(form, rows, width, size)
  return `var<workgroup> stored: array<array<f32, ${outputs}>, ${rows}>;
${quantiseWgsl(lanes)}`
}

/** Keeps what `finish` gave back for a pair. */
export function keepForTwin({ outputsOfPair }: TwinForm, row: string, own: string, values: string): string {
  if (outputsOfPair === 1) return `stored[${row}][${own}] = ${values};`
  return `stored[${row}][2u * (${own})] = ${values}.x; stored[${row}][2u * (${own}) + 1u] = ${values}.y;`
}

/** Quantises what was kept: rows from `firstRow` on. */
export function storeTwin(form: TwinForm, rows: number, width: number, size: number, firstRow: string): string {
  const { outputs, vectors, lanes } = sizes(form, rows, width, size)
  const inputs = `p.twinBlocks * ${blockInputs}u`
  const part = (first: number): string => `
  {
    let at = min(flat + ${first}u, ${vectors - 1}u) * 4u;
    let row = at / ${outputs}u;
    let own = at % ${outputs}u;
    let output = firstPair * ${form.outputsOfPair}u + own;
    let live = flat < ${lanes}u && ${firstRow} + row < p.rows && output < ${inputs};
    let gain = ${form.gain ? `twinGain[min(output, ${inputs} - 4u) / 4u]` : 'vec4f(1.0)'};
    let values = vec4f(stored[row][own], stored[row][own + 1u], stored[row][own + 2u], stored[row][own + 3u]);
    quantise(flat, live, values, gain, ((${firstRow} + row) * p.twinBlocks + output / ${blockInputs}u) * ${blockVectors * 4}u);
  }`
  return `
  workgroupBarrier();
${repeat(Math.ceil(vectors / lanes), (i) => part(i * lanes))}
  workgroupBarrier();`
}
