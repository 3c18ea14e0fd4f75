import { useSignal } from '@preact/signals'
import { strategies } from '../catalogue'
import { labelOf, plain, type StrategyChoice } from '../choice'
import { fittingChoice, freshChoice } from '../fresh-choice'
import { cancelComparison, comparison, startComparison } from '../state/comparison'
import { ready } from '../state/engine'
import { compared, comparedPrompts } from '../state/settings'
import { CompareResults } from './compare-results'
import { NumberField } from './number-field'
import { StrategyEditor } from './strategy-editor'

/** The second tab: strategies side by side on the same prompts. */
export function ComparePanel({ hidden }: { hidden: boolean }) {
  const added = useSignal(-1)
  const chat = useSignal<boolean | null>(null)
  const maxTokens = useSignal(48)
  const repeats = useSignal(1)
  const cost = useSignal(true)
  const opened = ready()
  const { value } = comparison
  const running = value.kind === 'running'
  const choices = compared.value
  const submit = (event: Event) => {
    event.preventDefault()
    if (!opened || running) return
    void startComparison({
      choices,
      chat: opened.chat && (chat.value ?? true),
      prompts: comparedPrompts.value.split('\n').filter((line) => line.trim() !== ''),
      maxTokens: maxTokens.value,
      repeats: repeats.value,
      cost: cost.value,
      title: opened.model.name,
    })
  }
  return (
    <div role="tabpanel" id="panel-compare" aria-labelledby="tab-compare" class="panel compare" hidden={hidden}>
      <form class="settings" onSubmit={submit}>
        <fieldset>
          <legend>Strategies beside plain decoding</legend>
          {choices.map((choice, place) => (
            <details key={place} class="compared" open={place === added.value}>
              <summary>{labelOf(choice)}</summary>
              <StrategyEditor
                id={`compared-${place}`}
                label="Drafts with"
                choice={choice}
                heads={opened?.heads ?? []}
                compose
                onChange={(changed) => (compared.value = choices.with(place, changed))}
              />
              <button type="button" onClick={() => (compared.value = choices.toSpliced(place, 1))}>
                Leave it out
              </button>
            </details>
          ))}
          <button
            type="button"
            onClick={() => {
              added.value = choices.length
              compared.value = [...choices, nextChoice(choices, opened?.heads ?? [])]
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
            value={comparedPrompts.value}
            onInput={({ currentTarget }) => (comparedPrompts.value = currentTarget.value)}
          />
          <div class="fields">
            <NumberField
              id="compare-tokens"
              label="Tokens each"
              value={maxTokens.value}
              min={2}
              onChange={(given) => (maxTokens.value = given ?? 48)}
            />
            <NumberField
              id="compare-repeats"
              label="Repeats"
              value={repeats.value}
              min={1}
              onChange={(given) => (repeats.value = given ?? 1)}
            />
          </div>
          {opened?.chat && (
            <label class="check">
              <input
                type="checkbox"
                checked={chat.value ?? true}
                onChange={({ currentTarget }) => (chat.value = currentTarget.checked)}
              />{' '}
              Each through the model's chat template
            </label>
          )}
          <label class="check">
            <input
              type="checkbox"
              id="compare-cost"
              checked={cost.value}
              onChange={({ currentTarget }) => (cost.value = currentTarget.checked)}
            />{' '}
            Measure what verifying costs
          </label>
        </fieldset>
        <div class="row">
          <button type="submit" class="primary" id="compare" disabled={!opened || running || choices.length === 0}>
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
