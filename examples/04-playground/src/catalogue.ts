import {
  adaptiveDescriptor,
  type CompositionDescriptor,
  firstOfDescriptor,
  mergedDescriptor,
  type StrategyDescriptor,
} from '@outrider/core'
import { draftModelDescriptor, earlyExitDescriptor, lookupDescriptor, suffixDescriptor } from '@outrider/strategy-draft'
import { eagleDescriptor } from '@outrider/strategy-eagle'
import { medusaDescriptor } from '@outrider/strategy-medusa'
import { mtpDescriptor } from '@outrider/strategy-mtp'

/** What packages say of their strategies; a package more is a line more. */
export const strategies: readonly StrategyDescriptor[] = [
  eagleDescriptor,
  medusaDescriptor,
  mtpDescriptor,
  draftModelDescriptor,
  lookupDescriptor,
  suffixDescriptor,
  earlyExitDescriptor,
]

/** Strategies that are made of others. */
export const compositions: readonly CompositionDescriptor[] = [firstOfDescriptor, mergedDescriptor, adaptiveDescriptor]

/** The options that name a checkpoint. */
export function locationsOf({ options }: Pick<StrategyDescriptor, 'options'>): readonly string[] {
  return Object.entries(options.properties).flatMap(([name, schema]) =>
    schema.type === 'string' && schema.format === 'model-location' ? [name] : [],
  )
}
