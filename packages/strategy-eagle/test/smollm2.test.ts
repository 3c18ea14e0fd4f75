import { join } from 'node:path'
import { openTensors } from '@outrider/core'
import { testSmolLm2Head } from '../../../verify/src/head-tests'
import { smollm2 } from '../../../verify/src/smollm2-files'
import { eagle } from '../src'

/** Target id of a draft id. */
async function mapOf(head: string): Promise<(id: number) => number> {
  const files = await openTensors(head)
  const offsets = files.has('d2t') ? await files.integers('d2t') : null
  await files.close()
  return (id) => id + (offsets?.[id] ?? 0)
}

for (const [name, what] of [
  ['eagle3', 'EAGLE-3 head with a draft vocabulary of 8192'],
  ['eagle1', 'EAGLE-1 head with the target’s LM head'],
] as const) {
  const head = join(smollm2.folder, name)
  testSmolLm2Head(what, { head: name, chain: eagle({ head, tokens: 5 }), depth: 5 }, () => mapOf(head))
}
