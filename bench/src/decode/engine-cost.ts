import type { Engine } from '@outrider/core'
import { type Output, shown } from '../output'

/** The cost curve as an engine measures it where it is first asked for: what `adaptive` decides by, and how long it took. */
export async function engineCost(engine: Engine, output: Output): Promise<void> {
  const { rows, ms, measured = rows, tookMs = 0 } = await engine.verifyCost()
  output.table(`verify cost as the engine measures it, in ${tookMs.toFixed(0)} ms`, columns)
  for (const [i, count] of rows.entries()) {
    const wallMs = ms[i] as number
    const how = measured.includes(count) ? 'run' : 'reckoned'
    output.line({ what: 'engine cost', rows: count, how, wallMs, wallRatio: wallMs / (ms[0] as number), tookMs })
  }
}

const columns = [
  shown('rows', 'rows'),
  shown('how', 'how'),
  shown('wall ms', 'wallMs'),
  shown('v(m) wall', 'wallRatio'),
]
