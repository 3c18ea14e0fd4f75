import { useSignal } from '@preact/signals'
import { embedded } from '../embedded'
import type { PickedFile } from '../protocol'
import { engine, load, loadNamed, ready } from '../state/engine'
import { set, settings, suit } from '../state/settings'

/** What a file field needs to pick a folder; JSX's types do not have it. */
const wholeFolder = { webkitdirectory: true }

/** The model that is loaded, and how to load another. */
export function ModelPicker() {
  const place = useSignal(settings.value.model)
  const { value } = engine
  const loaded = value.kind === 'ready' || value.kind === 'lost' ? value.opened.model : null
  const loadPlace = (event: Event) => {
    event.preventDefault()
    void chosen(place.value, loadNamed(place.value))
  }
  const loadFiles = (list: FileList | null) => {
    const picked = pickedFiles(list)
    if (picked) void chosen(`folder:${picked.name}`, load({ kind: 'files', ...picked }))
  }
  return (
    <fieldset>
      <legend>Model</legend>
      <p class="loaded">
        {loaded ? (
          <>
            <strong>{loaded.name}</strong> {loaded.layers} layers, hidden {loaded.hidden}, vocabulary{' '}
            {loaded.vocab.toLocaleString('en')}
          </>
        ) : value.kind === 'loading' ? (
          'loading …'
        ) : (
          'none yet'
        )}
      </p>
      <details class="another">
        <summary>Load another</summary>
        <form onSubmit={loadPlace}>
          <label for="model-place">Hub id or URL; empty for {embedded.name}</label>
          <div class="row">
            <input
              id="model-place"
              type="text"
              placeholder="owner/name/file.gguf"
              autocomplete="off"
              spellcheck={false}
              value={place.value}
              onInput={({ currentTarget }) => (place.value = currentTarget.value.trim())}
            />
            <button type="submit">Load</button>
          </div>
        </form>
        <label for="model-folder">Or a folder from disk, heads in folders below it</label>
        <input
          id="model-folder"
          type="file"
          {...wholeFolder}
          onChange={({ currentTarget }) => loadFiles(currentTarget.files)}
        />
        <p class="hint">
          Downloads stay in the browser's cache; a picked folder is read where it lies and goes nowhere.
        </p>
      </details>
    </fieldset>
  )
}

/** Sets what goes with a model that is being loaded. */
async function chosen(model: string, loading: Promise<void>): Promise<void> {
  set({ model })
  await loading
  const opened = ready()
  if (opened && settings.value.model === model) suit(opened)
}

/** What a folder picker gives, by paths below the folder. */
function pickedFiles(list: FileList | null): { readonly name: string; readonly files: readonly PickedFile[] } | null {
  const all = Array.from(list ?? [])
  if (all.length === 0) return null
  const [name = ''] = all[0]?.webkitRelativePath.split('/') ?? []
  return { name, files: all.map((file) => ({ path: file.webkitRelativePath.slice(name.length + 1), file })) }
}
