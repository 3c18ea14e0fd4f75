import { ready } from '../state/engine'
import { forget, resumable, resume, run, start, stop, turns } from '../state/run'
import { set, settings } from '../state/settings'

/** What is asked, as a text to go on with or as a chat. */
export function PromptForm() {
  const { prompt, chat } = settings.value
  const opened = ready()
  const running = run.value.state === 'running'
  const submit = (event: Event) => {
    event.preventDefault()
    if (opened && !running && (!chat || prompt.trim() !== '')) void start()
  }
  return (
    <form class="prompt" onSubmit={submit}>
      <fieldset class="kind">
        <legend class="unseen">Kind of prompt</legend>
        <label>
          <input type="radio" name="kind" checked={!chat} onChange={() => set({ chat: false })} /> Prompt
        </label>
        <label>
          <input
            type="radio"
            name="kind"
            checked={chat}
            disabled={!(opened?.chat ?? true)}
            onChange={() => set({ chat: true })}
          />{' '}
          Chat{opened && !opened.chat && <span class="hint"> (this model has no chat template)</span>}
        </label>
        {turns.value.length > 0 && !running && (
          <button type="button" onClick={forget}>
            Begin anew
          </button>
        )}
      </fieldset>
      <label for="prompt" class="unseen">
        {chat ? 'Your question' : 'Text to go on with'}
      </label>
      <textarea
        id="prompt"
        rows={chat ? 2 : 3}
        placeholder={chat ? 'Your question' : ''}
        spellcheck={false}
        value={prompt}
        onInput={({ currentTarget: { value } }) => set({ prompt: value })}
        onKeyDown={(event) => {
          const sends = event.ctrlKey || event.metaKey || (chat && !event.shiftKey)
          if (event.key === 'Enter' && sends && !event.isComposing) submit(event)
        }}
      />
      <div class="row">
        <button type="submit" class="primary" id="run" disabled={!opened || running}>
          Run
        </button>
        <button type="button" id="stop" disabled={!running} onClick={stop}>
          Stop
        </button>
        {resumable() && opened && (
          <button type="button" id="go-on" onClick={() => void resume()}>
            Go on
          </button>
        )}
        <span class="hint">{chat ? 'Enter' : 'Ctrl+Enter'} runs. The link in the address bar repeats a run.</span>
      </div>
    </form>
  )
}
