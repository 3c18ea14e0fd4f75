import { OutriderError } from '@outrider/core'
import type { DeviceLoss } from '@outrider/core/spec'
import { type MatrixConfig, matricesOf, matrixFeature } from './matrices'
import { probeSubgroups } from './subgroup-probe'

/** Which device to open, and how. */
export interface DeviceOptions {
  readonly gpu: GPU
  readonly powerPreference?: GPUPowerPreference
  /** `false` keeps to workgroup memory, `true` trusts the feature, absent runs a small probe first. */
  readonly subgroups?: boolean
}

/** What ops may choose their variants by. */
export interface DeviceFacts {
  readonly subgroups: boolean
  /** Smallest and largest number of lanes of a subgroup; 1 without subgroups. */
  readonly minSubgroup: number
  readonly maxSubgroup: number
  /** Whether a general processor computes: there a workgroup costs by its lanes, idle ones too. */
  readonly software: boolean
  /** Whether WGSL has dot products of packed bytes. */
  readonly packedDot: boolean
  /** What subgroups of 32 lanes multiply as matrices; none where subgroups are not used or may have another size. */
  readonly matrices: readonly MatrixConfig[]
  readonly limits: GPUSupportedLimits
}

/** An open device. The adapter and the GPU object are kept: Dawn's Node binding frees what nobody references. */
export interface OpenDevice {
  readonly gpu: GPU
  readonly adapter: GPUAdapter
  readonly device: GPUDevice
  readonly facts: DeviceFacts
  readonly lost: Promise<DeviceLoss>
  /** Set once the device is gone. */
  readonly state: { loss?: DeviceLoss }
}

const wantedFeatures: readonly GPUFeatureName[] = ['subgroups', 'timestamp-query', 'shader-f16', matrixFeature]
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const satisfies readonly (keyof GPUSupportedLimits)[]

/** Opens the best adapter with all that it has of what the kernels can use. Throws `ADAPTER_MISSING`, `DEVICE_LACKS`. */
export async function openDevice(options: DeviceOptions): Promise<OpenDevice> {
  const { gpu, powerPreference = 'high-performance' } = options
  const adapter = await gpu.requestAdapter({ powerPreference })
  if (!adapter)
    throw new OutriderError(
      'ADAPTER_MISSING',
      'no WebGPU adapter: in a browser turn on hardware acceleration (see chrome://gpu), elsewhere update the ' +
        'graphics driver or install a Vulkan driver (SwiftShader will do), or use referenceBackend() from @outrider/core/reference',
    )
  const requiredFeatures = wantedFeatures.filter((name) => adapter.features.has(name))
  const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]))
  const device = await adapter.requestDevice({ label: 'outrider', requiredFeatures, requiredLimits }).catch((cause) => {
    throw new OutriderError('DEVICE_LACKS', `the adapter gives no device: ${String(cause)}`, { cause })
  })
  const state: OpenDevice['state'] = {}
  const lost = device.lost.then(({ reason, message }) => {
    const loss: DeviceLoss = { reason, message }
    state.loss = loss
    return loss
  })
  const subgroups =
    options.subgroups !== false &&
    device.features.has('subgroups') &&
    (options.subgroups === true || (await probeSubgroups(device)))
  const facts: DeviceFacts = {
    subgroups,
    minSubgroup: subgroups ? (adapter.info.subgroupMinSize ?? 4) : 1,
    maxSubgroup: subgroups ? (adapter.info.subgroupMaxSize ?? 128) : 1,
    software: isSoftware(adapter.info),
    packedDot: gpu.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product') ?? false,
    matrices: subgroups ? matricesOf(device, adapter.info) : [],
    limits: device.limits,
  }
  return { gpu, adapter, device, facts, lost, state }
}

/** The device in words: vendor, architecture, description. */
export function describe(info: GPUAdapterInfo): string {
  return [...new Set(words(info))].join(' ') || 'unnamed adapter'
}

/** Whether the adapter computes on a general processor. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(words(info).join(' '))
}

function words({ vendor, architecture, device, description }: GPUAdapterInfo): string[] {
  return [vendor, architecture, device, description].filter((word) => word !== '')
}
