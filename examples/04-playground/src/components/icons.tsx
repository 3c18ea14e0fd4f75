/** Signs of the page, drawn: not every font has them. */
const paths = {
  before: 'M10 3 5 8l5 5',
  after: 'M6 3l5 5-5 5',
  close: 'M4 4l8 8M12 4l-8 8',
  kept: 'M3 8.5l3.5 3.5L13 4.5',
  dropped: 'M5 5l6 6M11 5l-6 6',
} as const

/** A sign, of which whoever cannot see it hears nothing. */
export function Icon({ of }: { of: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[of]} />
    </svg>
  )
}
