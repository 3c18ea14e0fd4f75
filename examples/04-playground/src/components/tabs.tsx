import type { TabName } from '../state/settings'

const tabs: readonly { readonly name: TabName; readonly title: string }[] = [
  { name: 'decode', title: 'Decode' },
  { name: 'compare', title: 'Compare' },
]

/** Tabs; the arrows go from one to the other. */
export function Tabs({ chosen, onChoose }: { chosen: TabName; onChoose: (name: TabName) => void }) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const other = tabs.find(({ name }) => name !== chosen) as (typeof tabs)[number]
    onChoose(other.name)
    document.getElementById(`tab-${other.name}`)?.focus()
  }
  return (
    <div class="tabs" role="tablist" aria-label="What to do" onKeyDown={onKeyDown}>
      {tabs.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-controls={`panel-${name}`}
          aria-selected={name === chosen}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {title}
        </button>
      ))}
    </div>
  )
}
