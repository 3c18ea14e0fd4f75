import { memo } from 'preact/compat'
import type { StrategyChoice } from '../choice'
import { run, selected, turns } from '../state/run'
import type { TextGroup } from '../state/run-state'
import { Legend } from './legend'
import { markOf } from './marks'

/** The text, token by token: the arrows go along it, Enter opens a token's round. */
export function Story() {
  const { value } = run
  if (value.state === 'none') return <Empty />
  const said = turns.value.slice(0, -1)
  return (
    <section class="story" aria-label="Text">
      <Legend run={value} />
      {said.map(({ role, content }, place) => (
        <p key={place} class={`turn ${role}`}>
          {content}
        </p>
      ))}
      {/* biome-ignore lint/a11y/useSemanticElements: tokens stand in a line of text, one stop of the keyboard for all of them */}
      <div role="group" class="tokens" id="tokens" aria-label="Generated tokens" onClick={open} onKeyDown={go}>
        <span class={turns.value.length > 0 ? 'turn user' : 'given'}>{value.prompt}</span>
        {value.groups.map((group) => (
          <Group
            key={group.at}
            group={group}
            choice={value.choice}
            open={within(group, selected.value) ? selected.value : null}
          />
        ))}
        {value.state === 'running' && <span class="cursor" aria-hidden="true" />}
      </div>
    </section>
  )
}

function Empty() {
  return (
    <section class="story empty" aria-label="Text">
      <p>
        Run a strategy and watch where its tokens come from: drafted ones are underlined, and a dot marks where the
        target itself spoke. Whatever drafts, the text is the one that plain decoding gives.
      </p>
    </section>
  )
}

interface GroupProps {
  readonly group: TextGroup
  readonly choice: StrategyChoice
  readonly open: number | null
}

/** A round's tokens; drawn once. */
const Group = memo(({ group, choice, open }: GroupProps) => (
  <>
    {group.tokens.map(({ id, text, by }, i) => {
      const at = group.at + i
      return (
        // biome-ignore lint/a11y/useSemanticElements: a button does not wrap as text does
        <span
          key={at}
          role="button"
          class={`token ${markOf(choice, by)}`}
          tabIndex={at === 0 ? 0 : -1}
          data-at={at}
          data-id={id}
          data-by={by.join(' + ')}
          aria-pressed={at === open}
          aria-label={`${text.trim() === '' ? 'blank' : text}, ${by.length > 0 ? by.join(' and ') : 'target'}`}
        >
          {text}
        </span>
      )
    })}
  </>
))

function within({ at, tokens }: TextGroup, place: number | null): boolean {
  return place !== null && place >= at && place < at + tokens.length
}

function tokenOf(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>('.token') : null
}

function open(event: Event): void {
  const token = tokenOf(event)
  if (token) select(token)
}

function select(token: HTMLElement): void {
  const at = Number(token.dataset.at)
  selected.value = selected.value === at ? null : at
  stand(token)
  // When the round is there: it may lie over the token.
  if (selected.value !== null) requestAnimationFrame(() => token.scrollIntoView({ block: 'nearest' }))
}

/** One token at a time is a stop of the Tab key. */
function stand(token: HTMLElement): void {
  for (const other of token.parentElement?.querySelectorAll<HTMLElement>('.token[tabindex="0"]') ?? [])
    other.tabIndex = -1
  token.tabIndex = 0
}

function go(event: KeyboardEvent): void {
  const token = tokenOf(event)
  if (!token) return
  if (event.key === 'Escape') selected.value = null
  else if (event.key === 'Enter' || event.key === ' ') select(token)
  else {
    const all = Array.from(token.parentElement?.querySelectorAll<HTMLElement>('.token') ?? [])
    const place = all.indexOf(token)
    const next = {
      ArrowRight: place + 1,
      ArrowDown: place + 1,
      ArrowLeft: place - 1,
      ArrowUp: place - 1,
      Home: 0,
      End: all.length - 1,
    }
    const to = all[next[event.key as keyof typeof next] ?? -1]
    if (!to) return
    stand(to)
    to.focus()
  }
  event.preventDefault()
}
