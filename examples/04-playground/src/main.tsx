import { render } from 'preact'
import { App } from './app'
import { load } from './state/engine'
import { readLink } from './state/link'
import { set, settings } from './state/settings'
import './styles/base.css'
import './styles/controls.css'
import './styles/layout.css'
import './styles/story.css'
import './styles/round.css'

set(readLink(location.hash))
addEventListener('hashchange', () => {
  const { model } = settings.value
  set(readLink(location.hash))
  if (settings.value.model !== model) void loadChosen()
})
render(<App />, document.getElementById('app') as HTMLElement)
void loadChosen()

function loadChosen(): Promise<void> {
  const { model } = settings.value
  return load(model === '' ? { kind: 'embedded' } : { kind: 'location', location: model })
}
