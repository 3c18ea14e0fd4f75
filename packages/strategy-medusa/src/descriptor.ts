import type { StrategyDescriptor } from '@outrider/core'
import { medusa } from './medusa'
import type { MedusaOptions } from './options'

/** Describes `medusa`. */
export const medusaDescriptor: StrategyDescriptor<MedusaOptions> = {
  name: 'medusa',
  description: "Small heads on the target's last hidden state draft one position ahead each.",
  options: {
    type: 'object',
    properties: {
      head: { type: 'string', format: 'model-location', description: 'The heads.' },
      nodes: {
        type: 'integer',
        description: 'A tree: so many of the nodes of the published one (mc_sim_7b_63), the best first.',
        minimum: 1,
        maximum: 63,
      },
      tokens: { type: 'integer', description: 'A chain of so many tokens, one a head.', minimum: 1 },
      choices: {
        type: 'array',
        description: 'A tree by its nodes, each a path of ranks: 0, 2 is the third choice below the first.',
        items: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 },
        minItems: 1,
      },
    },
    required: ['head'],
    atMostOneOf: [['nodes', 'tokens', 'choices']],
    additionalProperties: false,
  },
  create: medusa,
}
