import { referenceBackend } from '@outrider/core/reference'
import { testLargeTrees } from './support/large-trees'

testLargeTrees('the reference backend', async () => referenceBackend())
