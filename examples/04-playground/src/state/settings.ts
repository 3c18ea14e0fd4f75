import { type Signal, signal } from '@preact/signals'
import { labelOf, type StrategyChoice } from '../choice'
import { embedded, firstChoice, firstComparison } from '../embedded'
import { fittingChoice } from '../fresh-choice'
import type { Opened } from '../protocol'

/** The page's two tabs. */
export type TabName = 'decode' | 'compare'

/** What a person sets, and what the address bar's links hold. */
export interface Settings {
  readonly tab: TabName
  /** A Hub id or URL; empty: the embedded model; `folder:name`: one that was picked from disk. */
  readonly model: string
  readonly choice: StrategyChoice
  /** The text to go on with; in a chat the question. */
  readonly prompt: string
  readonly chat: boolean
  readonly maxTokens: number
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  /** null: another one each run. */
  readonly seed: number | null
  /** Texts that end the run. */
  readonly stop: readonly string[]
  /** What is compared in the second tab. */
  readonly compared: readonly StrategyChoice[]
  /** The prompts that it is compared on, one a line. */
  readonly comparedPrompts: string
  /** Each through the chat template of a model that has one. */
  readonly comparedChat: boolean
  readonly comparedTokens: number
  readonly comparedRepeats: number
  /** Whether it is measured what verifying costs. */
  readonly comparedCost: boolean
}

/** What the page begins with. */
export const defaults: Settings = {
  tab: 'decode',
  model: '',
  choice: firstChoice,
  prompt: embedded.prompt,
  chat: false,
  maxTokens: 128,
  temperature: 0,
  topK: 0,
  topP: 1,
  seed: null,
  stop: [],
  compared: firstComparison,
  comparedPrompts: embedded.prompts.join('\n'),
  comparedChat: true,
  comparedTokens: 48,
  comparedRepeats: 1,
  comparedCost: true,
}

/** The settings. */
export const settings: Signal<Settings> = signal(defaults)

/** Sets some of them. */
export function set(changes: Partial<Settings>): void {
  settings.value = { ...settings.value, ...changes }
}

/** Takes settings that make sense with a model that was loaded just now. */
export function suit({ heads, chat, model }: Opened): void {
  const { choice, prompt, compared, comparedPrompts } = settings.value
  const end = model.name === embedded.name ? '<|end|>' : ''
  const fitting = compared.map((each) => fittingChoice(each, heads))
  set({
    choice: fittingChoice(choice, heads),
    chat,
    prompt: chat ? '' : begunWith(end, prompt),
    compared: fitting.filter((each, place) => fitting.findIndex((one) => labelOf(one) === labelOf(each)) === place),
    comparedPrompts: begunWith(end, comparedPrompts),
  })
}

/** Prompts, one a line, with the token that only the embedded model's begin with, or without it. */
function begunWith(end: string, prompts: string): string {
  return prompts.replaceAll(/^(<\|end\|>)?(?=.)/gm, end)
}
