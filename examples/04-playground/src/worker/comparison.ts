import { type CompareProgress, type CompareReport, compare } from '@outrider/core'
import type { CompareRequest } from '../protocol'
import type { EngineHost } from './engine-host'

/** Compares strategies on what is loaded. Throws what loading them and comparing throw. */
export async function runComparison(
  host: EngineHost,
  { choices, chat, prompts: texts, maxTokens, repeats, cost, title }: CompareRequest,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: Omit<CompareProgress, 'result'>) => void },
): Promise<CompareReport> {
  const strategies = await host.strategies(choices)
  const { tokenizer } = host.engine
  const asked = (content: string) => tokenizer?.chat([{ role: 'user', content }], { generationPrompt: true }) ?? content
  const prompts = texts.map((text) => (chat ? { name: text, prompt: tokenizer?.encode(asked(text)) ?? [] } : text))
  const tell = ({ result: _, ...progress }: CompareProgress) => onProgress(progress)
  return compare(host.engine, { prompts, strategies, maxTokens, repeats, cost, title, signal, onProgress: tell })
}
