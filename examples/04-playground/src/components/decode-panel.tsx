import { engine } from '../state/engine'
import { selected } from '../state/run'
import { set, settings } from '../state/settings'
import { LiveCounts } from './live-counts'
import { ModelPicker } from './model-picker'
import { PromptForm } from './prompt-form'
import { RoundView } from './round-view'
import { SamplingFields } from './sampling-fields'
import { Story } from './story'
import { StrategyEditor } from './strategy-editor'

/** The first tab: settings, the text, and the round that is open. */
export function DecodePanel({ hidden }: { hidden: boolean }) {
  const { value } = engine
  const heads = value.kind === 'ready' || value.kind === 'lost' ? value.opened.heads : []
  return (
    <div
      role="tabpanel"
      id="panel-decode"
      aria-labelledby="tab-decode"
      class={`panel decode ${selected.value === null ? '' : 'inspecting'}`}
      hidden={hidden}
    >
      <div class="settings">
        <ModelPicker />
        <fieldset>
          <legend>Strategy</legend>
          <StrategyEditor
            id="strategy"
            label="Drafts with"
            choice={settings.value.choice}
            heads={heads}
            compose
            onChange={(choice) => set({ choice })}
          />
        </fieldset>
        <SamplingFields />
      </div>
      <div class="text">
        <PromptForm />
        <LiveCounts />
        <Story />
      </div>
      <RoundView />
    </div>
  )
}
