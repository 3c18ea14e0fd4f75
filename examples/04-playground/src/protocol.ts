import type { CompareProgress, CompareReport, DecodeStats, LoadProgress, RoundRecord } from '@outrider/core'
import type { StrategyChoice } from './choice'

/** Which model to load. */
export type ModelChoice =
  | { readonly kind: 'embedded' }
  /** A Hub id or a URL. */
  | { readonly kind: 'location'; readonly location: string }
  /** Picked from disk: paths below the folder that was picked. */
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly PickedFile[] }

/** A file of a folder that was picked. */
export interface PickedFile {
  readonly path: string
  readonly file: File
}

/** What is to be opened. */
export interface OpenRequest {
  readonly model: ModelChoice
  /** Address of the page: locations may be relative to it. */
  readonly pageUrl: string
}

/** Why something did not work, in words that say what to do. */
export interface Failure {
  /** Of an `OutriderError`. */
  readonly code: string | null
  readonly message: string
}

/** An answer, or why there is none. */
export type Answer<T> = { readonly value: T } | { readonly failure: Failure }

/** What was opened. */
export interface Opened {
  readonly backend: string
  readonly device: string
  readonly arithmetic: string
  readonly cacheType: string
  readonly features: readonly string[]
  readonly software: boolean
  /** Why it is not WebGPU; null where it is. */
  readonly whyNot: string | null
  readonly exact: boolean
  readonly model: { readonly name: string; readonly layers: number; readonly hidden: number; readonly vocab: number }
  readonly capacity: number
  readonly maxRows: number
  readonly chat: boolean
  /** Folders with checkpoints beside the model, as far as they can be known. */
  readonly heads: readonly string[]
}

/** Device memory and work since the backend was opened. */
export interface DeviceWork {
  readonly liveBytes: number
  readonly submits: number
  readonly reads: number
}

/** What is to be generated. */
export interface RunRequest {
  readonly choice: StrategyChoice
  readonly prompt: string
  /** A conversation in place of the prompt, the question last. */
  readonly messages: readonly { readonly role: 'user' | 'assistant' | 'system'; readonly content: string }[] | null
  readonly sampling: Sampling
}

/** How tokens are chosen, and what ends a text. */
interface Sampling {
  readonly maxTokens: number
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly seed: number
  readonly stop: readonly string[]
}

/** A token with what the page shows of it. */
export interface ShownToken {
  readonly id: number
  readonly text: string
  /** Who drafted it; empty: the target's own. */
  readonly by: readonly string[]
  /** Under the target's own logits. */
  readonly probability: number | null
}

/** A round with the texts of its tokens. */
export interface ShownRound extends Omit<RoundRecord, 'logProbs'> {
  /** Texts of the tree's nodes, and of what was committed. */
  readonly nodeTexts: readonly string[]
  readonly texts: readonly string[]
  /** By node, after its parent. */
  readonly probabilities: readonly number[]
}

/** What a part of a run brings. */
export interface RunUpdate {
  readonly tokens: readonly ShownToken[]
  readonly round: ShownRound | null
  readonly work: DeviceWork
  /** Milliseconds since the first round's tokens came. */
  readonly ms: number
}

/** Hears of a part; across threads a promise of its having been heard. */
export type OnUpdate = (update: RunUpdate) => void | Promise<void>

/** How a run ended. */
export type RunEnd =
  | {
      readonly kind: 'finished'
      readonly reason: string
      readonly stats: DecodeStats
      readonly resumed: boolean | null
    }
  | { readonly kind: 'stopped'; readonly resumable: boolean }
  | { readonly kind: 'lost'; readonly failure: Failure; readonly resumable: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly resumable: boolean }

/** What is to be compared. */
export interface CompareRequest {
  readonly choices: readonly StrategyChoice[]
  /** Each through the model's chat template. */
  readonly chat: boolean
  readonly prompts: readonly string[]
  readonly maxTokens: number
  readonly repeats: number
  readonly cost: boolean
  readonly title: string
}

/** What the worker does for the page. */
export interface Playground {
  /** Opens a device and loads a model; what was open before is given back. */
  open(request: OpenRequest, onProgress: (progress: LoadProgress) => void): Promise<Answer<Opened>>
  /** Ends loading, generating or comparing, whatever runs. */
  stop(): void
  run(request: RunRequest, onUpdate: OnUpdate): Promise<RunEnd>
  /** Goes on where a run was stopped or its device was lost, on a new device where the old one is gone. */
  resume(
    onUpdate: OnUpdate,
    onOpened: (opened: Opened) => void,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<RunEnd>
  compare(
    request: CompareRequest,
    onProgress: (progress: Omit<CompareProgress, 'result'>) => void,
  ): Promise<Answer<CompareReport>>
  work(): DeviceWork
  /** Settles when the device that is open now is gone. */
  lost(): Promise<string>
}
