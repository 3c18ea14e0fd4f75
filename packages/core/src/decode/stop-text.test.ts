import { describe, expect, it } from 'vitest'
import { StopText } from './stop-text'

/** Feeds pieces one by one: what comes out after each, and what stopped it. */
function run(stops: readonly string[], pieces: readonly string[]): { texts: string[]; stopped: string | null } {
  const reader = new StopText(stops)
  const texts: string[] = []
  for (const [id, text] of pieces.entries()) {
    const { tokens, stopped } = reader.push({ id, text, draft: null, logProb: null })
    texts.push(tokens.map((token) => token.text).join(''))
    if (stopped !== null) return { texts, stopped }
  }
  texts.push(
    reader
      .end()
      .map((token) => token.text)
      .join(''),
  )
  return { texts, stopped: null }
}

describe('stop texts', () => {
  it('releases tokens at once where nothing can begin', () => {
    expect(run(['xyz'], ['ab', 'cd'])).toEqual({ texts: ['ab', 'cd', ''], stopped: null })
  })

  it('holds a token back while it may begin a stop text, and lets it go when it does not', () => {
    expect(run(['\n\nUser'], ['hi\n', '\nU', 'nder'])).toEqual({ texts: ['', '', 'hi\n\nUnder', ''], stopped: null })
  })

  it('cuts at a stop text that spans tokens, and keeps the part before it', () => {
    expect(run(['END'], ['abE', 'N', 'Dxyz', 'more'])).toEqual({ texts: ['', '', 'ab'], stopped: 'END' })
  })

  it('takes the first of several', () => {
    expect(run(['lazy', 'fox'], ['the fox is lazy'])).toEqual({ texts: ['the '], stopped: 'fox' })
  })

  it('gives back what it held at the end', () => {
    expect(run(['<<stop>>'], ['a<', '<st'])).toEqual({ texts: ['', '', 'a<<st'], stopped: null })
  })
})
