import { join } from 'node:path'
import { testSmolLm2Head } from '../../../verify/src/head-tests'
import { smollm2 } from '../../../verify/src/smollm2-files'
import { medusa } from '../src'

const chain = medusa({ head: join(smollm2.folder, 'medusa') })
testSmolLm2Head('Medusa heads, in vLLM’s layout with the target’s LM head', { head: 'medusa', chain, depth: 4 })
