import {
  type Checkpointer,
  fingerprintOf,
  type GenerateOptions,
  type GenerationCheckpoint,
  keptOptions,
  type ResumeOptions,
} from '../decode'
import { OutriderError } from '../errors'
import type { AcceptanceRule, BackendInfo, ModelConfig } from '../spec'
import { MAX_PATH } from '../spec'

/** What a generation's checkpoints have in common. */
export interface CheckpointFacts {
  readonly prompt: readonly number[]
  readonly options: GenerateOptions
  /** The seed that was given or drawn. */
  readonly seed: number
  readonly rule: AcceptanceRule
  readonly capacity: number
  readonly chunkRows: number
  readonly model: ModelConfig
  readonly info: BackendInfo
}

/** Options that are kept by name, or are of no account for the text. */
type Apart = 'strategy' | 'acceptance' | 'timings' | 'rounds' | 'signal'

/** Options that decide over the text and that JSON cannot hold: the names of what was given for each. */
const unheld: Readonly<Record<Exclude<keyof ResumeOptions, Apart>, (options: ResumeOptions) => readonly string[]>> = {
  constraint: ({ constraint }) => (constraint ? [constraint.name] : []),
  processors: ({ processors = [] }) => processors.map(({ name }) => name),
}

/** Makes the checkpoints of one generation. */
export function checkpointer(facts: CheckpointFacts): Checkpointer {
  const { prompt, options, rule, chunkRows, model, info } = facts
  const named = Object.entries(unheld).map(([option, names]) => [option, names(options)] as const)
  const again = Object.fromEntries(named.filter(([, names]) => names.length > 0))
  return ({ ids, held }) => ({
    format: 1,
    tokens: [...prompt, ...ids],
    promptTokens: prompt.length,
    chunkRows,
    options: plainOptions(facts),
    strategy: options.strategy ?? 'plain',
    rule: rule.name,
    again,
    held,
    model,
    fingerprint: fingerprintOf(info),
  })
}

/** Options that JSON keeps as they are: -∞ in a bias is a banned token. */
function plainOptions({ options, seed, capacity, prompt }: CheckpointFacts): GenerationCheckpoint['options'] {
  const kept = Object.fromEntries(
    keptOptions.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as GenerationCheckpoint['options']
  const bias = Object.entries(options.logitBias ?? {})
  const never = bias.flatMap(([id, value]) => (value === Number.NEGATIVE_INFINITY ? [Number(id)] : []))
  return {
    ...kept,
    ...(bias.length > 0 && { logitBias: Object.fromEntries(bias.filter(([, value]) => Number.isFinite(value))) }),
    ...(never.length > 0 && { bannedTokens: [...(options.bannedTokens ?? []), ...never] }),
    maxTokens: Math.min(options.maxTokens ?? Number.POSITIVE_INFINITY, capacity - prompt.length),
    seed,
  }
}

/** What a checkpoint is resumed on. */
export interface ResumeSite {
  readonly model: ModelConfig
  readonly options: ResumeOptions
  readonly rule: AcceptanceRule
}

/** Checks a checkpoint, whatever it was read from, and gives it back. Throws `INVALID_OPTION`. */
export function checkCheckpoint(value: unknown, { model, options, rule }: ResumeSite): GenerationCheckpoint {
  const saved = wellFormed(value, model.vocab)
  const differing = [...new Set([...Object.keys(model), ...Object.keys(saved.model)])].filter(
    (key) => plain(model[key as keyof ModelConfig]) !== plain(saved.model[key as keyof ModelConfig]),
  )
  if (differing.length > 0)
    refuse(
      `is of another model (${differing.map((key) => `${key} ${plain(saved.model[key as keyof ModelConfig])} there, ${plain(model[key as keyof ModelConfig])} here`).join('; ')}): load the model that it was made with`,
    )
  if (saved.rule !== rule.name)
    refuse(`was decoded under the acceptance rule ${saved.rule}, not ${rule.name}: give that rule as acceptance`)
  const fixed = keptOptions.find((name) => (options as GenerateOptions)[name] !== undefined)
  if (fixed) refuse(`decides over ${fixed}, and what is resumed goes on as it began: leave it out`)
  for (const option of new Set([...Object.keys(saved.again), ...Object.keys(unheld)])) {
    const before = saved.again[option] ?? []
    const now = unheld[option as keyof typeof unheld]?.(options) ?? []
    if (plain(before) === plain(now)) continue
    if (before.length === 0) refuse(`was decoded without ${option}: leave it out`)
    const what = now.length === 0 ? `cannot hold ${option}` : `was not decoded with ${option} ${now.join(', ')}`
    refuse(`${what}: give resume the same again that its generation was given (${before.join(', ')})`)
  }
  return saved
}

/** Whether bits are those of the device that made it, as far as can be told. */
export function sameDevice(saved: GenerationCheckpoint, info: BackendInfo): boolean {
  return plain(sorted(saved.fingerprint)) === plain(sorted(fingerprintOf(info)))
}

function wellFormed(value: unknown, vocab: number): GenerationCheckpoint {
  const saved = record(value, 'it')
  if (saved.format !== 1) refuse(`has format ${plain(saved.format)}, and this version reads format 1`)
  const { tokens, promptTokens, chunkRows, held, again } = saved
  if (!Array.isArray(tokens) || tokens.some((id) => !whole(id, 0, vocab - 1)))
    refuse(`needs tokens, ids below ${vocab}`)
  if (!whole(promptTokens, 1, tokens.length)) refuse(`needs promptTokens, from 1 to the ${tokens.length} of tokens`)
  if (!whole(chunkRows, 1, MAX_PATH)) refuse(`needs chunkRows, from 1 to ${MAX_PATH}`)
  const given = Object.values(record(again, 'again'))
  if (!given.every((names) => Array.isArray(names) && names.every((name) => typeof name === 'string')))
    refuse('needs again, the names of what each option was given')
  if (!Array.isArray(held) || held.length > tokens.length - promptTokens)
    refuse('needs held, one for each token whose text is held back')
  for (const token of held) checkHeld(record(token, 'each of held'))
  for (const name of ['strategy', 'rule']) if (typeof saved[name] !== 'string') refuse(`needs ${name}, a name`)
  const options = record(saved.options, 'options')
  const unknown = Object.keys(options).find((name) => !keptOptions.some((kept) => kept === name))
  if (unknown !== undefined) refuse(`holds an option ${unknown} that this version does not know`)
  record(saved.model, 'model')
  record(saved.fingerprint, 'fingerprint')
  return saved as unknown as GenerationCheckpoint
}

function checkHeld({ draft = null, logProb = null }: Record<string, unknown>): void {
  if (logProb !== null && typeof logProb !== 'number') refuse('needs held, whose logProb is a number or null')
  if (draft === null) return
  const { by, depth } = record(draft, 'draft of each of held')
  if (!Array.isArray(by) || by.some((name) => typeof name !== 'string') || !whole(depth, 1, MAX_PATH))
    refuse('needs held, whose drafts say by whom and at which depth')
}

function whole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(`is malformed: ${what} must be an object`)
  return value as Record<string, unknown>
}

function sorted(value: object): unknown {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}

function plain(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}

function refuse(what: string): never {
  throw new OutriderError(
    'INVALID_OPTION',
    `the checkpoint ${what} (resume takes what part.checkpoint() or an error's details.checkpoint gave, also read from JSON)`,
  )
}
