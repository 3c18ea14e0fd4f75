import { run, selected } from '../state/run'
import { roundOf, textBefore } from '../state/run-state'
import { Icon } from './icons'
import { RoundTime } from './round-time'
import { TreeView } from './tree-view'

/** The round that a token came from: its draft, what was kept of it, where the time went. */
export function RoundView() {
  const { value } = run
  const round = selected.value === null ? null : roundOf(value, selected.value)
  if (!round) return null
  const place = value.rounds.indexOf(round)
  const { tree, path, cut, start, tokens, ms } = round
  const nodes = tree.tokens.length
  const show = (to: number) => {
    const next = value.rounds[to]
    if (next) selected.value = next.start
  }
  return (
    <aside class="round" id="round" aria-label="Round of the token">
      <header>
        <h2>Round {place + 1}</h2>
        <div class="row">
          <button type="button" aria-label="Round before" disabled={place === 0} onClick={() => show(place - 1)}>
            <Icon of="before" />
          </button>
          <button
            type="button"
            aria-label="Round after"
            disabled={place === value.rounds.length - 1}
            onClick={() => show(place + 1)}
          >
            <Icon of="after" />
          </button>
          <button type="button" aria-label="Close the round" onClick={() => (selected.value = null)}>
            <Icon of="close" />
          </button>
        </div>
      </header>
      <p role="status">
        {nodes === 0
          ? 'Nothing was drafted: the target spoke alone.'
          : `${nodes} ${nodes === 1 ? 'token' : 'tokens'} drafted, ${path.length} accepted, ${nodes - path.length} dropped; then the target spoke.`}
        {cut > 0 && ` ${cut} were cut off by the constraint before.`} Tokens {start + 1} to {start + tokens.length} of
        the text.
      </p>
      <RoundTime ms={ms} />
      <TreeView round={round} choice={value.choice} after={textBefore(value, start)} />
      <p class="hint">Percentages: how likely the target itself found a token after what stands above it.</p>
    </aside>
  )
}
