import { type LoadedStrategy, OutriderError, type Strategy } from '@outrider/core'
import { DeviceLookup } from './lookup-on-device'
import { HostLookup } from './lookup-on-host'

/** How `lookup` searches. */
export interface LookupOptions {
  /** Name in `generate({ strategy })`. Default `lookup`. */
  readonly name?: string
  /** Longest end of the text that is searched for, tokens. Default 3, as the original prompt lookup. */
  readonly maxNgram?: number
  /** Shortest end of the text that is searched for, tokens. Default 1. */
  readonly minNgram?: number
  /** Most tokens to propose a round. Default 7: with the pending token a pass of eight rows. */
  readonly tokens?: number
  /**
   * Who searches. `device`: no round waits for what the host knows, and each is a pass of `tokens` rows and one, whatever was found.
   * `host`: rounds without a find are plain ones, and each waits for the outcome of the one before it, which pays where a pass of
   * several rows is dear. Default `device`, which is `host` in generations under a constraint: they wait anyway.
   */
  readonly on?: 'device' | 'host'
}

/**
 * Prompt lookup decoding: finds the longest end of the text (at most `maxNgram` tokens) that stands earlier in prompt or output,
 * at its latest place, and proposes what followed it there. No model. Saxena 2023. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { lookup } from '@outrider/strategy-draft'
 *
 * const strategy = lookup({ maxNgram: 4, tokens: 8 })
 * ```
 */
export function lookup(options: LookupOptions = {}): Strategy {
  const { name = 'lookup', maxNgram = 3, minNgram = 1, tokens = 7, on = 'device' } = options
  for (const [option, value] of Object.entries({ maxNgram, minNgram, tokens }))
    if (!Number.isInteger(value) || value < 1)
      throw new OutriderError('INVALID_OPTION', `lookup: ${option} must be a whole number of at least 1, not ${value}`)
  if (minNgram > maxNgram)
    throw new OutriderError('INVALID_OPTION', `lookup: minNgram ${minNgram} exceeds maxNgram ${maxNgram}`)
  if (on !== 'device' && on !== 'host')
    throw new OutriderError('INVALID_OPTION', `lookup: it searches on the device or on the host, not on ${on}`)
  const sizes = { minNgram, maxNgram, tokens }
  const loaded: LoadedStrategy = {
    start: (session) => (on === 'device' ? new DeviceLookup(session, sizes) : new HostLookup(session, sizes)),
  }
  return { specVersion: 1, name, load: async () => loaded }
}
