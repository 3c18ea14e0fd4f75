import { type SamplingParams, samplingWords } from '@outrider/core'
import { SAMPLING, type SamplingTensors, type Tensor } from '@outrider/core/spec'
import type { Fill } from './run'
import { random } from './weight-source'

/** A session's sampling tensors, named `params`, `counts` and `bias`. */
export function samplingFills(
  vocab: number,
  params: SamplingParams,
  data: { readonly counts?: Uint32Array; readonly bias?: Float32Array } = {},
): Record<'params' | 'counts' | 'bias', Fill> {
  return {
    params: { shape: [SAMPLING.words], dtype: 'u32', data: samplingWords(params) },
    counts: { shape: [vocab], dtype: 'u32', data: data.counts ?? new Uint32Array(vocab) },
    bias: { shape: [vocab], data: data.bias ?? new Float32Array(vocab) },
  }
}

/** The tensors that `samplingFills` names. */
export function sampling(tensor: (name: string) => Tensor): SamplingTensors {
  return { params: tensor('params'), counts: tensor('counts'), bias: tensor('bias') }
}

/** Logits f32 [rows, vocab] as a model's look: bell-shaped, some nats wide. */
export function drawLogits(rows: number, vocab: number, seed: number): Float32Array {
  const next = random(seed)
  return Float32Array.from({ length: rows * vocab }, () => 4 * (next() + next() + next() + next() - 2) * (1 + next()))
}
