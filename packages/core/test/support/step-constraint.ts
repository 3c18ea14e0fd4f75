import type { Constraint } from '@outrider/core'

/**
 * After a token t only ids with the remainder t + `stride` by 4 may follow; the first token is any id with the remainder `first` by
 * `among`. An automaton over ids, which needs no tokenizer.
 */
export function stepConstraint({ name = 'steps', stride = 1, first = 0, among = 2 } = {}): Constraint {
  return {
    specVersion: 1,
    name,
    start: ({ vocab }) => {
      let accepted: number | undefined
      const after = (last: number | undefined, id: number): boolean =>
        last === undefined ? id % among === first : id % 4 === (last + stride) % 4
      return {
        mask: (path) => {
          const last = path.at(-1) ?? accepted
          const words = new Uint32Array(Math.ceil(vocab / 32))
          for (let id = 0; id < vocab; id++)
            if (after(last, id)) words[id >>> 5] = (words[id >>> 5] as number) | (1 << (id & 31))
          return words
        },
        accept: (tokens) => {
          for (const id of tokens) {
            if (!after(accepted, id)) throw new Error(`token ${id} may not follow ${accepted}`)
            accepted = id
          }
        },
      }
    },
  }
}
