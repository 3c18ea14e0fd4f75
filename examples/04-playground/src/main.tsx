import { render } from 'preact'
import { App } from './app'
import { loadNamed } from './state/engine'
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
  if (settings.value.model !== model) void loadNamed(settings.value.model)
})
render(<App />, document.getElementById('app') as HTMLElement)
void loadNamed(settings.value.model)
