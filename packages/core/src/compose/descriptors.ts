import type { CompositionDescriptor, Strategy } from '../spec'
import { type AdaptiveOptions, adaptive } from './adaptive'
import { firstOf } from './first-of'
import { merged } from './merged'

type Named = { readonly name?: string }

/** Describes `firstOf`. */
export const firstOfDescriptor: CompositionDescriptor<Named> = {
  name: 'firstOf',
  description: 'The first of several strategies that has something to say drafts.',
  parts: { minimum: 1, maximum: 32 },
  options: { type: 'object', properties: {}, additionalProperties: false },
  create: ({ name }, parts) => named(firstOf(...parts), name),
}

/** Describes `merged`. */
export const mergedDescriptor: CompositionDescriptor<Named> = {
  name: 'merged',
  description: 'Several strategies draft one tree.',
  parts: { minimum: 1, maximum: 32 },
  options: { type: 'object', properties: {}, additionalProperties: false },
  create: ({ name }, parts) => named(merged(...parts), name),
}

/** Describes `adaptive`, but for a cost curve that is pinned. */
export const adaptiveDescriptor: CompositionDescriptor<Omit<AdaptiveOptions, 'cost'> & Named> = {
  name: 'adaptive',
  description: 'A strategy drafts as many tokens as pay on this device and this text, down to none.',
  parts: { minimum: 1, maximum: 1 },
  options: {
    type: 'object',
    properties: {
      draftCost: {
        type: 'number',
        description: 'What drafting a level costs where the clock is not asked, in one-row passes.',
        minimum: 0,
        default: 0.1,
      },
      trees: {
        type: 'string',
        description: 'Trees that are worth most by measured acceptance, for strategies that take them, or their own.',
        enum: ['measured', 'own'],
        default: 'measured',
      },
    },
    additionalProperties: false,
  },
  create: ({ name, ...options }, parts) => named(adaptive(parts[0] as Strategy, options), name),
}

function named(strategy: Strategy, name: string | undefined): Strategy {
  return name === undefined ? strategy : { ...strategy, name }
}
