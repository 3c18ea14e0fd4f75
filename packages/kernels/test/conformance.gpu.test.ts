import { backendConformance } from '@outrider/core/conformance'
import { webgpu } from '@outrider/kernels'
import { describe, expect, it } from 'vitest'

describe('the WebGPU backend', () => backendConformance({ it, expect }, { backend: () => webgpu() }))
