import type { WeightFormat } from '../spec/tensor'

/** A tensor type of GGUF: ggml's name, how we call it as weights, and the bytes of an element where it is no weight. */
export interface GgufType {
  readonly name: string
  readonly format?: WeightFormat
  readonly elementBytes?: number
}

/** `enum ggml_type` of `ggml.h`. */
const TYPES: Readonly<Record<number, GgufType>> = {
  0: { name: 'F32', format: 'f32' },
  1: { name: 'F16', format: 'f16' },
  2: { name: 'Q4_0', format: 'q4_0' },
  3: { name: 'Q4_1', format: 'q4_1' },
  6: { name: 'Q5_0' },
  7: { name: 'Q5_1' },
  8: { name: 'Q8_0', format: 'q8_0' },
  9: { name: 'Q8_1' },
  10: { name: 'Q2_K' },
  11: { name: 'Q3_K' },
  12: { name: 'Q4_K', format: 'q4_k' },
  13: { name: 'Q5_K' },
  14: { name: 'Q6_K', format: 'q6_k' },
  15: { name: 'Q8_K' },
  16: { name: 'IQ2_XXS' },
  17: { name: 'IQ2_XS' },
  18: { name: 'IQ3_XXS' },
  19: { name: 'IQ1_S' },
  20: { name: 'IQ4_NL' },
  21: { name: 'IQ3_S' },
  22: { name: 'IQ2_S' },
  23: { name: 'IQ4_XS' },
  24: { name: 'I8', elementBytes: 1 },
  25: { name: 'I16', elementBytes: 2 },
  26: { name: 'I32', elementBytes: 4 },
  27: { name: 'I64', elementBytes: 8 },
  28: { name: 'F64', elementBytes: 8 },
  29: { name: 'IQ1_M' },
  30: { name: 'BF16', format: 'bf16' },
  34: { name: 'TQ1_0' },
  35: { name: 'TQ2_0' },
  39: { name: 'MXFP4' },
}

/** The type with ggml's number `id`; an unknown one is called by its number. */
export function ggufType(id: number): GgufType {
  return TYPES[id] ?? { name: `type ${id}` }
}
