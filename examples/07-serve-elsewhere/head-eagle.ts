import { checkWidth, type EagleHead, type Found } from './head'

/** An EAGLE head in SafeAILab's names or those of speculators; null for anything else. */
export function eagleHead(found: Found): EagleHead | null {
  const { files, config, location, architecture, target } = found
  // Some checkpoints put everything under `model.`.
  const stored = new Map(files.names.map((name) => [name.replace(/^model\./, ''), name]))
  const names = [...stored.keys()]
  const begins = (prefix: string): boolean => names.some((name) => name.startsWith(prefix))
  const third =
    /eagle-?_?3/i.test([config.speculators_model_type, config.architectures].flat().join()) ||
    names.some((name) => name.endsWith('.hidden_norm.weight'))
  const projection = begins('fusion_fc.') ? 'fusion_fc' : 'fc'
  const layout = begins('midlayer.') || (begins('layers.0.') && !third) ? 'SafeAILab' : 'speculators'
  const layered = begins('midlayer.') || begins('layers.0.') || begins('transformer.')
  const weight = stored.get(`${projection}.weight`)
  if (!layered || !(third || weight)) return null
  const captures = third ? capturesOf(config) : null
  if (weight) {
    const [hidden = 0, width = 0] = files.shape(weight)
    if (third) checkWidth(found, width, (captures?.stored.length ?? 3) * target.hidden)
    else checkWidth(found, width - hidden, target.hidden)
  }
  const map = stored.get('d2t')
  return {
    kind: third ? 'eagle3' : 'eagle1',
    location,
    config,
    architecture,
    layout,
    captures,
    projectionBias: stored.has(`${projection}.bias`),
    draftVocabulary: map === undefined ? null : (files.shape(map)[0] ?? null),
  }
}

const captureNames = ['eagle_aux_hidden_state_layer_ids', 'aux_hidden_state_layer_ids'] as const

function capturesOf(config: Found['config']): EagleHead['captures'] {
  const nested = config.eagle_config as Readonly<Record<string, unknown>> | undefined
  for (const [place, atTop] of [[config, true] as const, [nested ?? {}, false] as const])
    for (const name of captureNames) {
      const ids = place[name]
      if (Array.isArray(ids) && ids.every((id) => Number.isInteger(id))) return { stored: ids, atTop }
    }
  return null
}

/**
 * Ids of the layers whose input a head was trained on. SpecForge writes its own choice of layers by what leaves them, everyone else by
 * what enters; null where a head leaves it to the usual three.
 */
export function entering({ captures }: EagleHead, layers: number): readonly number[] | null {
  if (!captures) return null
  const { stored } = captures
  const leaving = stored.join() === [1, Math.floor(layers / 2) - 1, layers - 4].join()
  return leaving ? stored.map((id) => id + 1) : stored
}

/** The fields of config.json that name these captured layers, wherever a server looks for them. */
export function captureFields({ config }: EagleHead, ids: readonly number[]): Readonly<Record<string, unknown>> {
  const field = { eagle_aux_hidden_state_layer_ids: ids }
  const nested = config.eagle_config
  return { ...field, ...(typeof nested === 'object' && nested !== null && { eagle_config: { ...nested, ...field } }) }
}
