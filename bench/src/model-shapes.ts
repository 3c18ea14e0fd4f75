/** The sizes of a Llama-family model. */
export interface ModelShape {
  readonly title: string
  readonly vocab: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly intermediate: number
  readonly tied: boolean
  readonly theta: number
  readonly maxPositions: number
}

/** Models whose shapes are generated, by the names that options take. `tiny` is for tests. */
export const modelShapes: Readonly<Record<string, ModelShape>> = {
  '8b': {
    title: 'Llama-3.1-8B shape',
    vocab: 128256,
    hidden: 4096,
    layers: 32,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    intermediate: 14336,
    tied: false,
    theta: 500000,
    maxPositions: 131072,
  },
  '1b': {
    title: 'Llama-3.2-1B shape',
    vocab: 128256,
    hidden: 2048,
    layers: 16,
    heads: 32,
    kvHeads: 8,
    headDim: 64,
    intermediate: 8192,
    tied: true,
    theta: 500000,
    maxPositions: 131072,
  },
  smollm2: {
    title: 'SmolLM2-135M shape',
    vocab: 49152,
    hidden: 576,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    headDim: 64,
    intermediate: 1536,
    tied: true,
    theta: 100000,
    maxPositions: 8192,
  },
  tiny: {
    title: 'tiny shape',
    vocab: 320,
    hidden: 256,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    intermediate: 512,
    tied: false,
    theta: 10000,
    maxPositions: 2048,
  },
}
