import { draftersOf } from '../choice'
import type { Run } from '../state/run-state'
import { markOf } from './marks'

/** Which mark is whose, with how many tokens. */
export function Legend({ run: { choice, groups } }: { run: Run }) {
  const tokens = groups.flatMap((group) => group.tokens)
  const count = (name: string | null) =>
    tokens.filter(({ by }) => (name === null ? by.length === 0 : by.includes(name))).length
  return (
    <ul class="legend" aria-label="Who proposed what">
      {draftersOf(choice).map((name) => (
        <li key={name}>
          <span class={`sample ${markOf(choice, [name])}`}>drafted</span> {name} <b>{count(name)}</b>
        </li>
      ))}
      <li>
        <span class="sample target">spoken</span> target <b>{count(null)}</b>
      </li>
    </ul>
  )
}
