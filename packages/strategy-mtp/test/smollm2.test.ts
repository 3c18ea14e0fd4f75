import { join } from 'node:path'
import { testSmolLm2Head } from '../../../verify/src/head-tests'
import { smollm2 } from '../../../verify/src/smollm2-files'
import { mtp } from '../src'

const chain = mtp({ head: join(smollm2.folder, 'mtp'), tokens: 5 })
testSmolLm2Head('MTP module', { head: 'mtp', chain, depth: 5 })
