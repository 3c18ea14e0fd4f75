import { openTensors } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import type { DraftHead, Found, Head } from './head'
import { eagleHead } from './head-eagle'
import { medusaHead } from './head-medusa'
import { mtpHead } from './head-mtp'
import { servedLocation } from './location'
import type { Target } from './target'

/**
 * Tells by names of tensors and by config.json what lies in a folder, and checks that it fits the target. Throws `UsageError`, and
 * what opening files throws.
 */
export async function readHead(folder: string, target: Target): Promise<Head> {
  const location = servedLocation(folder)
  const files = await openTensors(location)
  try {
    const { config } = files
    if (!config)
      throw new UsageError(`${location}: there is no config.json beside the tensors, and both servers begin with it`)
    const architecture = [config.architectures].flat().find((name) => typeof name === 'string') ?? null
    const known = { files, config, target, location, architecture }
    const head = medusaHead(known) ?? mtpHead(known) ?? eagleHead(known) ?? draftHead(known)
    if (head) return head
    throw new UsageError(
      `${location} is a head of no known kind (EAGLE, Medusa, MTP, a draft model): its tensors are ${files.names.slice(0, 4).join(', ')}, …`,
    )
  } finally {
    await files.close()
  }
}

function draftHead({ files, config, target, location, architecture }: Found): DraftHead | null {
  if (!files.has('model.embed_tokens.weight') || !files.names.some((name) => name.startsWith('model.layers.0.')))
    return null
  const vocab = files.shape('model.embed_tokens.weight')[0] as number
  if (config.vocab_size !== target.vocab)
    throw new UsageError(
      `${location} has ${config.vocab_size} tokens and the target ${target.vocab}: a draft model needs the target's vocabulary`,
    )
  return { kind: 'draft', location, config, architecture, layout: 'Hugging Face', vocab }
}
