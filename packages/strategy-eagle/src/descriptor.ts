import type { StrategyDescriptor } from '@outrider/core'
import { eagle } from './eagle'
import type { EagleOptions } from './options'

/** Describes `eagle`. */
export const eagleDescriptor: StrategyDescriptor<EagleOptions> = {
  name: 'eagle',
  description:
    "A one-layer head on the target's hidden states drafts token by token: EAGLE-1, EAGLE-2's tree, EAGLE-3.",
  options: {
    type: 'object',
    properties: {
      head: { type: 'string', format: 'model-location', description: 'The head.' },
      tree: {
        type: 'object',
        description: 'A tree that is grown anew each round where the head is sure.',
        properties: {
          nodes: {
            type: 'integer',
            description: 'Nodes that are verified, the best of all.',
            minimum: 1,
            maximum: 255,
            default: 31,
          },
          depth: { type: 'integer', description: 'Levels.', minimum: 1, maximum: 32, default: 6 },
          topK: {
            type: 'integer',
            description: 'Children of each node, and nodes expanded a level.',
            minimum: 1,
            maximum: 32,
            default: 8,
          },
        },
        additionalProperties: false,
      },
      tokens: { type: 'integer', description: 'Tokens of a chain.', minimum: 1, maximum: 32, default: 5 },
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
      layerIds: {
        type: 'string',
        description: "What the head's layer ids mean: the stream entering a layer, or leaving it.",
        enum: ['entering', 'leaving'],
      },
      layers: {
        type: 'array',
        description: "Captured layers, by the stream entering them, in place of the head's own.",
        items: { type: 'integer', minimum: 0 },
        minItems: 1,
      },
      embedding: { type: 'string', description: 'Whose embedding drafts are read with.', enum: ['own', 'target'] },
    },
    required: ['head'],
    atMostOneOf: [
      ['tree', 'tokens', 'branches', 'choices'],
      ['layerIds', 'layers'],
    ],
    additionalProperties: false,
  },
  create: eagle,
}
