import type { StrategyDescriptor } from '@outrider/core'
import { mtp } from './mtp'
import type { MtpOptions } from './options'

const states = ['normed', 'stream'] as const

/** Describes `mtp`. */
export const mtpDescriptor: StrategyDescriptor<MtpOptions> = {
  name: 'mtp',
  description: 'Multi-token prediction modules that were trained with the target draft.',
  options: {
    type: 'object',
    properties: {
      head: { type: 'string', format: 'model-location', description: "The modules; the target's own folder may do." },
      tokens: { type: 'integer', description: 'Tokens of a chain.', minimum: 1 },
      branches: {
        type: 'array',
        description: 'A static tree by the children of each node, level by level: 3, 2, 1 has 15 nodes.',
        items: { type: 'integer', minimum: 1 },
        minItems: 1,
      },
      choices: {
        type: 'array',
        description: 'A static tree by its nodes, each a path of ranks: 0, 2 is the third choice below the first.',
        items: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 },
        minItems: 1,
      },
      modules: { type: 'integer', description: "How many of the checkpoint's modules to use.", minimum: 1 },
      fed: { type: 'string', description: "The target's state that modules are fed.", enum: states },
      recycled: { type: 'string', description: "A module's own state that its next step is fed.", enum: states },
    },
    required: ['head'],
    atMostOneOf: [['tokens', 'branches', 'choices']],
    additionalProperties: false,
  },
  create: mtp,
}
