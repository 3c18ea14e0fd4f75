import type { Part } from '@outrider/core'

/** How drafted tokens look: underlined in colour, or in brackets. */
export interface Marks {
  readonly legend: string
  /** A round's text with what the draft supplied marked. */
  show(part: Part): string
}

/** Colour on a terminal or with FORCE_COLOR, never with NO_COLOR. */
export function chooseMarks(terminal: boolean): Marks {
  const { NO_COLOR: never, FORCE_COLOR: always } = process.env
  const colour = !never && (always ? always !== '0' : terminal)
  const [before, after] = colour ? ['\x1b[4;36m', '\x1b[0m'] : ['[', ']']
  const mark = (text: string) => text.replace(/\S(.*\S)?/s, (words) => `${before}${words}${after}`)
  return {
    legend: `${mark(colour ? 'underlined' : 'in brackets')}: drafted by the strategy, confirmed by the target`,
    show: ({ tokens }) => {
      const text = (drafted: boolean) =>
        tokens
          .filter(({ draft }) => (draft !== null) === drafted)
          .map((token) => token.text)
          .join('')
      return mark(text(true)) + text(false) // a round commits drafted tokens first, then one of the target's own
    },
  }
}
