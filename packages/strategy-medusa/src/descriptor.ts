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
      tree: {
        type: 'object',
        description: 'A tree that is grown anew each round where the heads are sure.',
        properties: {
          nodes: { type: 'integer', description: 'Nodes that are verified.', minimum: 1, maximum: 63, default: 15 },
          depth: { type: 'integer', description: 'Levels.', minimum: 1, maximum: 5, default: 4 },
          topK: {
            type: 'integer',
            description: 'Choices of each head that are looked at.',
            minimum: 1,
            maximum: 32,
            default: 16,
          },
        },
        additionalProperties: false,
      },
    },
    required: ['head'],
    atMostOneOf: [['nodes', 'tokens', 'choices', 'tree']],
    additionalProperties: false,
  },
  create: medusa,
}
