import { OutriderError } from '@outrider/core'
import type { CustomKernel } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { mismatch } from '../check'

/**
 * A plugin's own shader over its tensors, bound from 0 on. Throws `SHAPE_MISMATCH`, `DEVICE_LACKS`, `KERNEL_INVALID` (a tensor
 * bound twice and written; a shader that does not compile throws it at the first submission).
 */
export function kernel(recorder: Recorder, { label, wgsl, tensors, workgroups }: CustomKernel): void {
  if (tensors.length === 0)
    throw new OutriderError('KERNEL_INVALID', `${label} binds no tensor: it could leave nothing behind`)
  for (const { tensor, access } of tensors) {
    if (tensor.dtype === 'f16') throw mismatch(label, 'f32 or u32 (a plugin’s kernel takes no f16)', tensor)
    if (access !== 'read' && access !== 'read_write')
      throw new OutriderError(
        'KERNEL_INVALID',
        `${label}: access to ${tensor.label} is 'read' or 'read_write', not '${access}'`,
      )
  }
  recorder.dispatch({
    label,
    wgsl,
    buffers: tensors.map(({ tensor, access }) => ({ buffer: tensor, access })),
    workgroups,
  })
}
