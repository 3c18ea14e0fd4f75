import { webgpu } from '@outrider/kernels'
import { testLargeTrees } from '../../core/test/support/large-trees'

testLargeTrees('WebGPU', () => webgpu())
