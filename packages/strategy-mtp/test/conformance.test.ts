import { block, exact, rejection } from '@outrider/core'
import { type StrategyConformance, strategyConformance } from '@outrider/core/conformance'
import { describe, expect, it } from 'vitest'
import { safetensorsFile } from '../../core/test/support/safetensors-file'
import { mtp } from '../src'
import { named } from './modules'
import { stored, tinyModule } from './tiny-modules'

const modules = await Promise.all([11, 12, 13].map(tinyModule))

/** DeepSeek's modules, or Meta's heads, which are layers and nothing else, for the kit's target. */
function filesOf(prefix: 'model.layers' | 'extra_heads'): Readonly<Record<string, Uint8Array>> {
  const tensors = modules.flatMap((module, number) => named(stored(module), (name) => `${prefix}.${number}.${name}`))
  const layersOnly = ({ name }: { name: string }) => prefix === 'model.layers' || /self_attn|mlp|layernorm/.test(name)
  return { 'model.safetensors': safetensorsFile(tensors.filter(layersOnly)) }
}

const [deepseek, heads] = [filesOf('model.layers'), filesOf('extra_heads')]
const subjects: Readonly<Record<string, StrategyConformance>> = {
  'one module, a tree': {
    files: deepseek,
    strategy: ({ own: head }) => mtp({ head, modules: 1, branches: [3, 2] }),
  },
  'one module a token': { files: deepseek, strategy: ({ own: head }) => mtp({ head }) },
  'heads on the trunk, a tree': {
    files: heads,
    strategy: ({ own: head }) => mtp({ head, choices: [[0], [1], [0, 0], [1, 2], [0, 0, 1]] }),
  },
}
for (const [name, subject] of Object.entries(subjects))
  describe(name, () =>
    strategyConformance({ it, expect }, { ...subject, rules: [exact, rejection, block], draws: 100 }),
  )
