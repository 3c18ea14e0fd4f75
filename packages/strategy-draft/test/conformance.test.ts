import { adaptive, block, exact, firstOf, merged, rejection } from '@outrider/core'
import { type StrategyConformance, strategyConformance } from '@outrider/core/conformance'
import { describe, expect, it } from 'vitest'
import { draftModel, earlyExit, lookup, suffix, suffixStore } from '../src'

const subjects: Readonly<Record<string, StrategyConformance>> = {
  lookup: { strategy: () => lookup() },
  'suffixes with a shared store': { strategy: () => suffix({ store: suffixStore() }), draftsDependOn: 'engine' },
  'a tree of a draft model': { strategy: ({ draft }) => draftModel({ model: draft, branches: [3, 2] }) },
  'an early exit': { strategy: () => earlyExit({ layer: 1 }) },
  firstOf: { strategy: ({ draft }) => firstOf(lookup({ minNgram: 2 }), draftModel({ model: draft, tokens: 3 })) },
  merged: { strategy: ({ draft }) => merged(lookup(), draftModel({ model: draft, branches: [2, 2] })) },
  adaptive: { strategy: ({ draft }) => adaptive(draftModel({ model: draft, tokens: 4 })), draftsDependOn: 'session' },
}
for (const [name, subject] of Object.entries(subjects))
  describe(name, () =>
    strategyConformance({ it, expect }, { ...subject, rules: [exact, rejection, block], draws: 100 }),
  )
