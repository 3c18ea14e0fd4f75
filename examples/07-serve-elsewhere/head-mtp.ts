import { checkWidth, type Found, type MtpHead } from './head'

/** A tensor that every module of a layout has; group 1 is the module's number. */
const signs: readonly (readonly [layout: string, sign: RegExp])[] = [
  ['DeepSeek-V3', /^model\.layers\.(\d+)\.eh_proj\.weight$/],
  ['MiMo', /^model\.mtp_layers\.(\d+)\.input_proj\.weight$/],
  ['Qwen3-Next', /^mtp\.layers\.(\d+)\.input_layernorm\.weight$/],
  ['Meta', /^extra_heads\.(\d+)\.(?:attention\.wq|self_attn\.q_proj)\.weight$/],
]

/** Modules of multi-token prediction; null for anything else. */
export function mtpHead(found: Found): MtpHead | null {
  const { files, config, location, architecture, target } = found
  for (const [layout, sign] of signs) {
    const own = files.names.filter((name) => sign.test(name))
    const [first] = own
    if (first === undefined) continue
    // A projection joins embedding and hidden state; a norm and a query read one of them.
    const width = files.shape(first).at(-1)
    checkWidth(found, /_proj\.weight$/.test(first) && !/q_proj/.test(first) ? (width ?? 0) / 2 : width, target.hidden)
    return { kind: 'mtp', location, config, architecture, layout, modules: own.length }
  }
  return null
}
