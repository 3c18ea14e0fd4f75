import { block, chain, exact, rejection, type Strategy, staticTree, typical } from '@outrider/core'
import { acceptanceConformance, backendConformance, strategyConformance } from '@outrider/core/conformance'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, it } from 'vitest'
import { onDevice } from './support/device-draft'
import { strategyOf } from './support/strategies'

/** Proposes what followed the last token where it stood before. */
const repeating = (name = 'repeating'): Strategy =>
  strategyOf(name, ({ tokens }) => ({
    propose: ({ nodes, depth }) => {
      const at = tokens.lastIndexOf(tokens.at(-1) as number, tokens.length - 2)
      return at < 0 ? null : chain(tokens.slice(at + 1, at + 1 + Math.min(nodes, depth, 4)))
    },
  }))

describe('a strategy on the host', () => strategyConformance({ it, expect }, { strategy: () => repeating() }))

/** Drafts whatever tree it is told: ids in the order of the ranks, from the last token on. */
const shaped = (): Strategy =>
  strategyOf('shaped', ({ tokens }) => ({
    shapes: { levels: 4, choices: 5, expand: 2 },
    propose: ({ nodes, depth, paths = [[0], [0, 0]] }) => {
      const { parents } = staticTree(paths, nodes, depth)
      return { parents, tokens: parents.map((_, node) => ((tokens.at(-1) as number) + node) % 31) }
    },
  }))

describe('a strategy that drafts the trees it is told', () =>
  strategyConformance({ it, expect }, { strategy: shaped, draws: 100 }))

describe('a strategy whose tree stays on the device', () =>
  strategyConformance({ it, expect }, { strategy: () => onDevice(repeating(), false) }))

describe('a strategy that never has anything to say', () =>
  strategyConformance(
    { it, expect },
    { strategy: () => strategyOf('silent', () => ({ propose: () => null })), expectsDrafts: false },
  ))

describe.each([exact, rejection, block, typical()])('the rule $name', (rule) =>
  acceptanceConformance({ it, expect }, { rule: () => rule }),
)

describe('the reference backend', () => backendConformance({ it, expect }, { backend: referenceBackend }))
