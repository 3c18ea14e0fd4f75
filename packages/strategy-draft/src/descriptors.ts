import type { OptionSchema, StrategyDescriptor } from '@outrider/core'
import { draftModel } from './draft-model'
import { type EarlyExitOptions, earlyExit } from './early-exit'
import { type LookupOptions, lookup } from './lookup'
import type { DraftModelOptions } from './options'
import { type SuffixOptions, suffix } from './suffix'

/** Sizes of a draft, as `levels` checks them. */
const tokens: OptionSchema = { type: 'integer', description: 'Tokens of a chain.', minimum: 1, maximum: 63, default: 5 }
const branches: OptionSchema = {
  type: 'array',
  description: 'A tree by the children of each node, level by level: 3, 2, 1 has 15 nodes.',
  items: { type: 'integer', minimum: 1, maximum: 32 },
  minItems: 1,
}

/** Describes `lookup`. */
export const lookupDescriptor: StrategyDescriptor<LookupOptions> = {
  name: 'lookup',
  description: 'Finds the end of the text earlier in prompt or output and proposes what followed it there. No model.',
  options: {
    type: 'object',
    properties: {
      tokens: { type: 'integer', description: 'Most tokens to propose a round.', minimum: 1, default: 7 },
      maxNgram: {
        type: 'integer',
        description: 'Longest end of the text that is searched for, tokens.',
        minimum: 1,
        default: 3,
      },
      minNgram: {
        type: 'integer',
        description: 'Shortest end of the text that is searched for, tokens; maxNgram at most.',
        minimum: 1,
        default: 1,
      },
      on: {
        type: 'string',
        description:
          'Who searches: device, so that no round waits and each has a row for every token; host, so that rounds without a find are plain ones.',
        enum: ['device', 'host'],
        default: 'device',
      },
    },
    additionalProperties: false,
  },
  create: lookup,
}

/** Describes `suffix`, but for the store that sessions may share. */
export const suffixDescriptor: StrategyDescriptor<Omit<SuffixOptions, 'store'>> = {
  name: 'suffix',
  description: 'Remembers every piece of prompt and output and proposes its likeliest continuation. No model.',
  options: {
    type: 'object',
    properties: {
      nodes: {
        type: 'integer',
        description: 'A tree of the likeliest continuations, of so many nodes at most; without it a chain.',
        minimum: 1,
        maximum: 255,
      },
      factor: {
        type: 'number',
        description: 'Most tokens to propose: so many for each token that matched, above 0.',
        minimum: 0,
        default: 1,
      },
      minProbability: {
        type: 'number',
        description: 'Continuations less likely than this are not proposed.',
        minimum: 0,
        maximum: 1,
        default: 0.1,
      },
      depth: {
        type: 'integer',
        description: 'Longest piece of text that is remembered, tokens.',
        minimum: 1,
        default: 24,
      },
      maxPieces: { type: 'integer', description: 'Most pieces to remember.', minimum: 1, default: 100_000 },
    },
    additionalProperties: false,
  },
  create: suffix,
}

/** Describes `draftModel`. */
export const draftModelDescriptor: StrategyDescriptor<DraftModelOptions> = {
  name: 'draft-model',
  description: 'A smaller model of the same vocabulary drafts.',
  options: {
    type: 'object',
    properties: {
      model: { type: 'string', format: 'model-location', description: 'The draft model.' },
      tokens,
      branches,
    },
    required: ['model'],
    atMostOneOf: [['tokens', 'branches']],
    additionalProperties: false,
  },
  create: draftModel,
}

/** Describes `earlyExit`. */
export const earlyExitDescriptor: StrategyDescriptor<EarlyExitOptions> = {
  name: 'early-exit',
  description: "The target's first layers draft, and verification goes on from where they stopped. No weights.",
  options: {
    type: 'object',
    properties: {
      layer: { type: 'integer', description: 'How many layers draft: fewer than the target has.', minimum: 1 },
      tokens,
      branches,
    },
    required: ['layer'],
    atMostOneOf: [['tokens', 'branches']],
    additionalProperties: false,
  },
  create: earlyExit,
}
