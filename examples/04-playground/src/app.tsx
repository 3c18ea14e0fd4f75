import { ComparePanel } from './components/compare-panel'
import { DecodePanel } from './components/decode-panel'
import { DeviceFacts } from './components/device-facts'
import { Notices } from './components/notices'
import { Tabs } from './components/tabs'
import { set, settings } from './state/settings'

/** The page. */
export function App() {
  const { tab } = settings.value
  return (
    <>
      <header class="top">
        <h1>
          Outrider <span>playground</span>
        </h1>
        <Tabs chosen={tab} onChoose={(name) => set({ tab: name })} />
        <DeviceFacts />
      </header>
      <main>
        <Notices />
        <DecodePanel hidden={tab !== 'decode'} />
        <ComparePanel hidden={tab !== 'compare'} />
      </main>
    </>
  )
}
