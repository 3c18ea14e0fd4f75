import { webgpu } from '@outrider/kernels'
import { testHeadOnDevice } from '../../../verify/src/head-tests'
import { draftModel } from '../src'

const chain = draftModel({ model: 'models/stories-5m/draft', tokens: 5 })

testHeadOnDevice({ head: 'draft', chain }, webgpu)
