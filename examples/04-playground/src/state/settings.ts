import { type Signal, signal } from '@preact/signals'
import type { StrategyChoice } from '../choice'
import { embedded, firstChoice, firstComparison } from '../embedded'

/** What a person sets, and what the address bar's link holds. */
export interface Settings {
  /** A Hub id or URL; empty: the embedded model. */
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
