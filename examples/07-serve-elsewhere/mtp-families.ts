/** Targets whose modules both servers run: they go by the target's architecture, not by the modules' folder. */
const families: ReadonlySet<string> = new Set([
  'DeepseekV3ForCausalLM',
  'DeepseekV32ForCausalLM',
  'Glm4MoeForCausalLM',
  'MiMoForCausalLM',
  'Qwen3NextForCausalLM',
  'Qwen3_5ForConditionalGeneration',
  'Qwen3_5MoeForConditionalGeneration',
])

/** Why a target's modules cannot be served; null where they can. */
export function mtpRefusal(architecture: string): string | null {
  if (families.has(architecture)) return null
  return `runs MTP modules of families that it knows by the target's architecture (${[...families].join(', ')}, …), and ${architecture} is none of them`
}
