import type { JSONObject } from '@ai-sdk/provider'
import type { Finish } from '@outrider/core'

/** `providerMetadata.outrider`: what drafting did for a generation. */
export function draftMetadata({ stats, seed, by }: Finish, strategy: string, exact: boolean): JSONObject {
  const { rounds, drafts, proposed, evaluated, accepted, acceptedByDepth, acceptedBy } = stats
  return {
    strategy,
    seed,
    // Whether the text is that of plain decoding with this seed, whatever was drafted.
    sameTokens: exact && stats.acceptance.guarantee === 'same-tokens',
    endedBy: by,
    rounds,
    tokensPerRound: stats.meanAcceptanceLength,
    drafts,
    proposed,
    evaluated,
    accepted,
    acceptedBy: { ...acceptedBy },
    // Share of the drafts of which at least d tokens were kept, for d = 1, 2, …
    acceptanceByPosition: acceptedByDepth.map((count) => count / drafts),
    milliseconds: { prefill: stats.prefillMs, draft: stats.draftMs, device: stats.deviceMs, host: stats.hostMs },
  }
}
