import { set, settings } from '../state/settings'
import { NumberField } from './number-field'

/** How tokens are chosen, and what ends the text. */
export function SamplingFields() {
  const { maxTokens, temperature, topK, topP, seed, stop } = settings.value
  return (
    <fieldset>
      <legend>Sampling</legend>
      <div class="fields">
        <NumberField
          id="max-tokens"
          label="Most tokens"
          value={maxTokens}
          min={1}
          onChange={(value) => set({ maxTokens: value ?? 128 })}
        />
        <NumberField
          id="temperature"
          label="Temperature"
          value={temperature}
          min={0}
          step={0.1}
          title="0 takes the most likely token"
          onChange={(value) => set({ temperature: value ?? 0 })}
        />
        <NumberField
          id="top-k"
          label="Top k"
          value={topK || undefined}
          min={0}
          placeholder="all"
          onChange={(value) => set({ topK: value ?? 0 })}
        />
        <NumberField
          id="top-p"
          label="Top p"
          value={topP === 1 ? undefined : topP}
          min={0.01}
          max={1}
          step={0.01}
          placeholder="1"
          onChange={(value) => set({ topP: value ?? 1 })}
        />
        <NumberField
          id="seed"
          label="Seed"
          value={seed ?? undefined}
          min={0}
          step={1}
          placeholder="another each run"
          onChange={(value) => set({ seed: value ?? null })}
        />
        <div class="field">
          <label for="stop-text">Stop at</label>
          <input
            id="stop-text"
            type="text"
            placeholder="nothing"
            autocomplete="off"
            value={stop[0] ?? ''}
            onInput={({ currentTarget: { value } }) => set({ stop: value === '' ? [] : [value] })}
          />
        </div>
      </div>
    </fieldset>
  )
}
