import { join } from 'node:path'
import { testSmolLm2Head } from '../../../verify/src/head-tests'
import { smollm2 } from '../../../verify/src/smollm2-files'
import { draftModel } from '../src'

const chain = draftModel({ model: join(smollm2.folder, 'draft'), tokens: 5 })
testSmolLm2Head('draft model', { head: 'draft', chain, depth: 5 })
