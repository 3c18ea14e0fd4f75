import { usage } from './memory'

/** Lanes of the probe's one workgroup: more than the largest subgroup, so that several subgroups are seen. */
const lanes = 256

const wgsl: string = /* wgsl */ `
enable subgroups;
diagnostic(off, subgroup_uniformity);
@group(0) @binding(0) var<storage, read_write> verdict: array<u32>;
@compute @workgroup_size(${lanes})
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) inner: u32,
  @builtin(subgroup_size) width: u32,
) {
  let neighbour = subgroupShuffleXor(lane, 1u);
  let powerOfTwo = countOneBits(width) == 1u && width >= 4u;
  let inPlace = inner == (lane & (width - 1u)) && neighbour == (lane ^ 1u);
  verdict[lane] = u32(powerOfTwo && inPlace);
}`

/**
 * Whether lane i of a one-dimensional workgroup is invocation i mod subgroup_size of its subgroup here. WGSL leaves the
 * mapping open; the reductions rely on it.
 */
export async function probeSubgroups(device: GPUDevice): Promise<boolean> {
  const module = device.createShaderModule({ label: 'subgroup probe', code: wgsl })
  const pipeline = await device.createComputePipelineAsync({
    label: 'subgroup probe',
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  })
  const size = lanes * 4
  const verdict = device.createBuffer({ label: 'subgroup probe', size, usage: usage.storage | usage.copySource })
  const staging = device.createBuffer({ label: 'subgroup probe', size, usage: usage.mapRead | usage.copyTarget })
  const layout = pipeline.getBindGroupLayout(0)
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: verdict } }] })
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(1)
  pass.end()
  encoder.copyBufferToBuffer(verdict, 0, staging, 0, size)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(usage.mapRead)
  const inPlace = new Uint32Array(staging.getMappedRange()).every((word) => word === 1)
  verdict.destroy()
  staging.destroy()
  return inPlace
}
