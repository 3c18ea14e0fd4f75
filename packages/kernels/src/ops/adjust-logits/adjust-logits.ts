import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { adjustChunk, adjustLogitsWgsl } from './adjust-logits.wgsl'

/** Penalties, bias, mask and temperature in one dispatch. */
export function adjustLogits(recorder: Recorder, args: Parameters<Ops['adjustLogits']>[0]): void {
  const { logits, vocab, pass, sampling, out, mask } = args
  const inPlace = out === logits
  recorder.dispatch({
    label: 'adjustLogits',
    wgsl: variant(adjustLogitsWgsl, { inPlace, masked: mask !== undefined }),
    params: [{ u32: vocab }, { u32: pass.first }, { u32: Math.ceil(vocab / 32) }],
    buffers: [
      { buffer: sampling.params, access: 'read' },
      { buffer: sampling.counts, access: 'read' },
      { buffer: sampling.bias, access: 'read' },
      { buffer: pass.tokens, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: logits, access: inPlace ? 'read_write' : 'read' },
      ...(inPlace ? [] : [{ buffer: out, access: 'read_write' } as const]),
      ...(mask ? [{ buffer: mask, access: 'read' } as const] : []),
    ],
    workgroups: [Math.ceil(vocab / adjustChunk), pass.rows],
  })
}
