import { useSignal } from '@preact/signals'
import { strategies } from '../catalogue'
import { labelOf, plain, type StrategyChoice } from '../choice'
import { fittingChoice, freshChoice } from '../fresh-choice'
import { cancelComparison, comparison, startComparison } from '../state/comparison'
import { ready } from '../state/engine'
import { defaults, set, settings } from '../state/settings'
import { CompareResults } from './compare-results'
import { NumberField } from './number-field'
import { StrategyEditor } from './strategy-editor'

/** The second tab: strategies side by side on the same prompts. */
export function ComparePanel({ hidden }: { hidden: boolean }) {
  const added = useSignal(-1)
  const opened = ready()
  const { value } = comparison
  const running = value.kind === 'running'
  const { compared, comparedPrompts, comparedChat, comparedTokens, comparedRepeats, comparedCost } = settings.value
  const submit = (event: Event) => {
    event.preventDefault()
    if (!opened || running) return
    void startComparison(opened)
  }
  return (
    <div role="tabpanel" id="panel-compare" aria-labelledby="tab-compare" class="panel compare" hidden={hidden}>
      <form class="settings" onSubmit={submit}>
        <fieldset>
          <legend>Strategies beside plain decoding</legend>
          {compared.map((choice, place) => (
            <details key={place} class="compared" open={place === added.value}>
              <summary>{labelOf(choice)}</summary>
              <StrategyEditor
                id={`compared-${place}`}
                label="Drafts with"
                choice={choice}
                heads={opened?.heads ?? []}
                compose
                onChange={(changed) => set({ compared: compared.with(place, changed) })}
              />
              <button type="button" onClick={() => set({ compared: compared.toSpliced(place, 1) })}>
                Leave it out
              </button>
            </details>
          ))}
          <button
            type="button"
            onClick={() => {
              added.value = compared.length
              set({ compared: [...compared, nextChoice(compared, opened?.heads ?? [])] })
            }}
          >
            Add a strategy
          </button>
        </fieldset>
        <fieldset>
          <legend>Prompts, one a line</legend>
          <label for="compare-prompts" class="unseen">
            Prompts, one a line
          </label>
          <textarea
            id="compare-prompts"
            rows={5}
            spellcheck={false}
            value={comparedPrompts}
            onInput={({ currentTarget }) => set({ comparedPrompts: currentTarget.value })}
          />
          <div class="fields">
            <NumberField
              id="compare-tokens"
              label="Tokens each"
              value={comparedTokens}
              min={2}
              onChange={(given) => set({ comparedTokens: given ?? defaults.comparedTokens })}
            />
            <NumberField
              id="compare-repeats"
              label="Repeats"
              value={comparedRepeats}
              min={1}
              onChange={(given) => set({ comparedRepeats: given ?? defaults.comparedRepeats })}
            />
          </div>
          {opened?.chat && (
            <label class="check">
              <input
                type="checkbox"
                checked={comparedChat}
                onChange={({ currentTarget }) => set({ comparedChat: currentTarget.checked })}
              />{' '}
              Each through the model's chat template
            </label>
          )}
          <label class="check">
            <input
              type="checkbox"
              id="compare-cost"
              checked={comparedCost}
              onChange={({ currentTarget }) => set({ comparedCost: currentTarget.checked })}
            />{' '}
            Measure what verifying costs
          </label>
        </fieldset>
        <div class="row">
          <button type="submit" class="primary" id="compare" disabled={!opened || running || compared.length === 0}>
            Compare
          </button>
          <button type="button" id="cancel-compare" disabled={!running} onClick={cancelComparison}>
            Cancel
          </button>
        </div>
      </form>
      <CompareResults />
    </div>
  )
}

/** A strategy that is not compared yet. */
function nextChoice(choices: readonly StrategyChoice[], heads: readonly string[]): StrategyChoice {
  const fresh = strategies.map(({ name }) => fittingChoice(freshChoice(name, heads), heads))
  return fresh.find((each) => choices.every((other) => labelOf(other) !== labelOf(each))) ?? fittingChoice(plain, heads)
}
