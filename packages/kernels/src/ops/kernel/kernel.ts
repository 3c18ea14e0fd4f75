import type { CustomKernel } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'

/**
 * A plugin's own shader over its tensors, bound from 0 on, after its params where it has any. Throws `DEVICE_LACKS` (more buffers or
 * workgroups than the device has); a shader that does not compile throws `KERNEL_INVALID` at the first submission.
 */
export function kernel(recorder: Recorder, { label, wgsl, params = [], tensors, workgroups }: CustomKernel): void {
  recorder.dispatch({
    label,
    wgsl,
    params,
    buffers: tensors.map(({ tensor, access }) => ({ buffer: tensor, access })),
    workgroups,
  })
}
