import { block, exact, rejection } from '@outrider/core'
import { strategyConformance } from '@outrider/core/conformance'
import { describe, expect, it } from 'vitest'
import { safetensorsFile } from '../../core/test/support/safetensors-file'
import { type MedusaOptions, medusa } from '../src'
import { tinyHeads } from './checkpoints'

/** Heads for the kit's target of 31 tokens. */
const files = { 'model.safetensors': safetensorsFile(tinyHeads(3, 31)), 'config.json': '{}' }

const shapes: Readonly<Record<string, Partial<MedusaOptions>>> = {
  'a chain': {},
  'a tree': { choices: [[0], [1], [2], [0, 0], [0, 1], [1, 0], [0, 0, 0]] },
  'a tree that grows': { tree: { nodes: 7 } },
}
for (const [name, shape] of Object.entries(shapes))
  describe(name, () =>
    strategyConformance(
      { it, expect },
      {
        files,
        strategy: ({ own: head }) => medusa({ head, ...shape }),
        rules: [exact, rejection, block],
        draws: 100,
      },
    ),
  )
