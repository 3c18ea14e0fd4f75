import { type Signal, signal } from '@preact/signals'
import { labelOf, type StrategyChoice } from '../choice'
import { embedded, firstChoice, firstComparison } from '../embedded'
import { fittingChoice } from '../fresh-choice'
import type { Opened } from '../protocol'

/** What a person sets, and what the address bar's link holds. */
export interface Settings {
  /** A Hub id or URL; empty: the embedded model; `folder:name`: one that was picked from disk. */
  readonly model: string
  readonly choice: StrategyChoice
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
}

/** What the page begins with. */
export const defaults: Settings = {
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
}

/** The settings. */
export const settings: Signal<Settings> = signal(defaults)

/** Sets some of them. */
export function set(changes: Partial<Settings>): void {
  settings.value = { ...settings.value, ...changes }
}

/** What is compared in the second tab. */
export const compared: Signal<readonly StrategyChoice[]> = signal(firstComparison)

/** The prompts that it is compared on, one a line. */
export const comparedPrompts: Signal<string> = signal(embedded.prompts.join('\n'))

/** Takes settings that make sense with a model that was loaded just now. */
export function suit({ heads, chat, model }: Opened): void {
  const { choice, prompt } = settings.value
  const end = model.name === embedded.name ? '<|end|>' : ''
  set({ choice: fittingChoice(choice, heads), chat, prompt: begunWith(end, prompt) })
  const fitting = compared.value.map((each) => fittingChoice(each, heads))
  compared.value = fitting.filter((each, place) => fitting.findIndex((one) => labelOf(one) === labelOf(each)) === place)
  comparedPrompts.value = begunWith(end, comparedPrompts.value)
}

/** Prompts, one a line, with the token that only the embedded model's begin with, or without it. */
function begunWith(end: string, prompts: string): string {
  return prompts.replaceAll(/^(<\|end\|>)?(?=.)/gm, end)
}
