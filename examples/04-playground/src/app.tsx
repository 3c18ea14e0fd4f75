import { useSignal } from '@preact/signals'
import { ComparePanel } from './components/compare-panel'
import { DecodePanel } from './components/decode-panel'
import { DeviceFacts } from './components/device-facts'
import { Notices } from './components/notices'
import { type TabName, Tabs } from './components/tabs'

/** The page. */
export function App() {
  const tab = useSignal<TabName>('decode')
  return (
    <>
      <header class="top">
        <h1>
          Outrider <span>playground</span>
        </h1>
        <Tabs chosen={tab.value} onChoose={(name) => (tab.value = name)} />
        <DeviceFacts />
      </header>
      <main>
        <Notices />
        <DecodePanel hidden={tab.value !== 'decode'} />
        <ComparePanel hidden={tab.value !== 'compare'} />
      </main>
    </>
  )
}
