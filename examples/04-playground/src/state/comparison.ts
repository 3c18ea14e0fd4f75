import type { CompareReport } from '@outrider/core'
import { type Signal, signal } from '@preact/signals'
import { proxy } from 'comlink'
import type { CompareRequest, Failure, Opened } from '../protocol'
import { showLink } from './link'
import { settings } from './settings'
import { worker } from './worker'

/** How far a comparison is. */
export type ComparisonState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly done: number; readonly total: number; readonly strategy: string | null }
  | { readonly kind: 'done'; readonly report: CompareReport; readonly measured: string; readonly link: string }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** The state of the comparison. */
export const comparison: Signal<ComparisonState> = signal({ kind: 'none' })

/** Compares what the settings say on the model that is open. */
export async function startComparison({ chat, model }: Opened): Promise<void> {
  const { compared, comparedPrompts, comparedChat, comparedTokens, comparedRepeats, comparedCost } = settings.value
  showLink(settings.value)
  const request: CompareRequest = {
    choices: compared,
    chat: chat && comparedChat,
    prompts: comparedPrompts.split('\n').filter((line) => line.trim() !== ''),
    maxTokens: comparedTokens,
    repeats: comparedRepeats,
    cost: comparedCost,
    title: model.name,
  }
  comparison.value = { kind: 'running', done: 0, total: 0, strategy: null }
  const onProgress = proxy(({ done, total, strategy }: { done: number; total: number; strategy: string }) => {
    // What is said last may be heard after the end.
    if (comparison.value.kind === 'running') comparison.value = { kind: 'running', done, total, strategy }
  })
  const answer = await worker.compare(request, onProgress)
  comparison.value =
    'failure' in answer
      ? { kind: 'failed', failure: answer.failure }
      : { kind: 'done', report: answer.value, measured: new Date().toISOString(), link: location.href }
}

/** Calls it off. */
export function cancelComparison(): void {
  void worker.stop()
}
