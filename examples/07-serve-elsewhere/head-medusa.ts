import { checkWidth, type Found, type MedusaHead } from './head'

const fasterDecoding = /^(?:medusa_head\.)?(\d+)\.\d+\.linear\.weight$/
const vllm = /^(?:medusa_heads\.)?blocks\.(\d+)\.layers\.\d+\.weight$/

/** Medusa heads in FasterDecoding's names or vLLM's; null for anything else. */
export function medusaHead(found: Found): MedusaHead | null {
  const { files, config, location, architecture, target } = found
  const first = files.names.find((name) => fasterDecoding.test(name) || vllm.test(name))
  if (first === undefined) return null
  const layout = fasterDecoding.test(first) ? 'FasterDecoding' : 'vLLM'
  const pattern = layout === 'vLLM' ? vllm : fasterDecoding
  const heads = files.names.reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1) + 1), 0)
  checkWidth(found, files.shape(first)[1], target.hidden)
  return {
    kind: 'medusa',
    location,
    config,
    architecture,
    layout,
    heads,
    biased: files.has(first.replace(/weight$/, 'bias')),
    biasDeclared: config.medusa_fc_bias === true,
    ownLmHead: files.names.some((name) =>
      /(^|\.)lm_heads?\.(\d+\.)?weight$|^(medusa_head\.)?0\.\d+\.weight$/.test(name),
    ),
  }
}
