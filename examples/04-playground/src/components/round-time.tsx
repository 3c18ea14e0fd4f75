import type { ShownRound } from '../protocol'

/** Where a round's time went, in milliseconds. */
export function RoundTime({ ms }: { ms: ShownRound['ms'] }) {
  const phases = [
    { name: 'draft', value: ms.draft },
    { name: 'verify', value: ms.verify },
    { name: 'host', value: ms.host },
  ] as const
  const whole = phases.reduce((sum, { value }) => sum + (value ?? 0), 0)
  return (
    <>
      <div class="time" aria-hidden="true">
        {phases.map(({ name, value }) => (
          <span key={name} class={name} style={{ flexGrow: whole > 0 ? (value ?? 0) / whole : 0 }} />
        ))}
      </div>
      <dl class="times">
        {phases.map(({ name, value }) => (
          <div key={name} class={name}>
            <dt>{name}</dt>
            <dd>{value === null ? 'no clock' : `${value.toFixed(value < 10 ? 2 : 1)} ms`}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
