import { type Captures, checkWidth, type EagleHead, type Found } from './head'

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

function capturesOf(config: Found['config']): Captures | null {
  const top = idsOf(config.eagle_aux_hidden_state_layer_ids)
  const nested = idsOf(record(config.eagle_config).eagle_aux_hidden_state_layer_ids)
  const stored = top ?? idsOf(config.aux_hidden_state_layer_ids) ?? nested
  return stored && { stored, top, nested }
}

function idsOf(value: unknown): readonly number[] | null {
  return Array.isArray(value) && value.every((id) => Number.isInteger(id)) ? value : null
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
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

/** Layers that both servers capture where they find no ids, by what enters them. */
export function usualCaptures(layers: number): readonly number[] {
  return [2, Math.floor(layers / 2), layers - 3]
}

/** The fields of config.json that name captured layers, in every place where a server looks for them. */
export function captureFields({ config }: EagleHead, ids: readonly number[]): Readonly<Record<string, unknown>> {
  const field = { eagle_aux_hidden_state_layer_ids: ids }
  return { ...field, eagle_config: { use_aux_hidden_state: true, ...record(config.eagle_config), ...field } }
}
