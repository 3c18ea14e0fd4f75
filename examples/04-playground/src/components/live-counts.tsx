import { engine } from '../state/engine'
import { run } from '../state/run'

/** Counts of the run while it runs, and how it ended. */
export function LiveCounts() {
  const { counts, state, end } = run.value
  if (state === 'none') return null
  const shown: readonly (readonly [string, string])[] = [
    ['tokens/s', counts?.tokensPerSecond?.toFixed(1) ?? '–'],
    ['acceptance length', counts ? counts.acceptanceLength.toFixed(2) : '–'],
    ['tokens', String(counts?.tokens ?? 0)],
    ['rounds', String(counts?.rounds ?? 0)],
    ['submits', String(counts?.submits ?? 0)],
    ['reads', String(counts?.reads ?? 0)],
  ]
  return (
    <>
      <dl class="counts" id="counts">
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="ending" id="ending" role="status" data-state={state} data-end={end?.kind}>
        {words()}
      </p>
    </>
  )

  function words(): string {
    if (state === 'running' && engine.value.kind === 'loading') return 'Loading the model again, on a new device …'
    if (state === 'running') return counts ? 'Decoding …' : 'Preparing: strategies are loaded and programs compiled …'
    if (end?.kind === 'stopped') return 'Stopped.'
    if (end?.kind === 'lost') return 'Broken off: the device went away.'
    if (end?.kind === 'failed') return `${end.failure.code ? `${end.failure.code}: ` : ''}${end.failure.message}`
    if (end?.kind !== 'finished') return ''
    const resumed =
      end.resumed === null ? '' : end.resumed ? ', resumed with the same tokens' : ', resumed on a device of other bits'
    return `${reasons[end.reason] ?? end.reason}${resumed}.`
  }
}

const reasons: Readonly<Record<string, string>> = {
  eos: 'Ended by the model',
  length: 'Ended at the most tokens',
  'stop-text': 'Ended at the stop text',
  'stop-token': 'Ended at a stop token',
}
