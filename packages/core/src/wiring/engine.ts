import type { Container } from 'inversify'
import { throwIfAborted } from '../abort'
import {
  decode,
  type Finish,
  type GenerateOptions,
  type GenerationCheckpoint,
  type GenerationPlan,
  type Part,
  plan,
  type ResumeOptions,
  type Stepper,
  type TextToken,
  withCheckpoint,
} from '../decode'
import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type {
  AcceptanceRule,
  Backend,
  CostBudget,
  CostCurve,
  DecoderModel,
  ModelConfig,
  Strategy,
  Tokenizer,
} from '../spec'
import { chunkRows, type VerifyCost } from '../verify'
import { ChatSession, type SessionOptions } from './chat-session'
import { checkCheckpoint, checkpointer, sameDevice } from './resume'
import type { Roster } from './roster'
import type { SessionRequest, Sessions } from './sessions'
import { type EngineLimits, tokens } from './tokens'

/** A whole generation. */
export interface Completion extends Finish {
  readonly text: string
  readonly tokens: readonly TextToken[]
}

/** What an engine is, beside what its container holds. */
export interface EngineParts {
  /** Frees all that loading took. */
  release(): void
  readonly exact: boolean
  readonly cost: VerifyCost
  readonly roster: Roster
  readonly sessions: Sessions
}

/** A model on a device with strategies that decode it. Made by `createEngine`. */
export class Engine {
  readonly #container: Container
  readonly #parts: EngineParts
  #disposal: Promise<void> | null = null

  constructor(container: Container, parts: EngineParts) {
    this.#container = container
    this.#parts = parts
  }

  /** Whether this device was seen to give a row the same bits in passes of every size, so that strategies cannot change text. */
  get exact(): boolean {
    return this.#parts.exact
  }

  get backend(): Backend {
    return this.#container.get(tokens.backend)
  }

  get model(): ModelConfig {
    return this.#decoder.config
  }

  get tokenizer(): Tokenizer | null {
    return this.#container.get(tokens.tokenizer)
  }

  get limits(): EngineLimits {
    return this.#container.get(tokens.limits)
  }

  /** Names that `strategy` may take, `plain` first. */
  get strategies(): readonly string[] {
    return ['plain', ...this.#container.get(tokens.strategies).map(({ name }) => name)]
  }

  /**
   * Loads one more strategy, beside whatever is decoding: the target stays as it is. Throws what loading strategies in `createEngine`
   * throws, `STRATEGY_DUPLICATE`, `DISPOSED`.
   *
   * @example
   * ```ts
   * import type { Engine, Strategy } from '@outrider/core'
   *
   * export async function exchange(engine: Engine, old: string, strategy: Strategy): Promise<void> {
   *   await engine.addStrategy(strategy)
   *   await engine.removeStrategy(old)
   * }
   * ```
   */
  async addStrategy(strategy: Strategy): Promise<void> {
    this.#alive()
    this.#parts.sessions.free()
    await this.#parts.roster.add(strategy)
  }

  /** Frees what a strategy took. Throws `STRATEGY_UNKNOWN`, `BUSY` while a session decodes with it, `DISPOSED`. */
  removeStrategy(name: string): Promise<void> {
    return this.#container.get(tokens.turns).take(async () => {
      this.#alive()
      const { sessions } = this.#parts
      sessions.free()
      if (sessions.uses(name))
        throw new OutriderError(
          'BUSY',
          `a session decodes with ${name}: wait for its generation, or dispose of its chat`,
        )
      this.#parts.roster.remove(name)
    })
  }

  /** What a verify pass costs on this device; null as long as that was not measured. */
  get cost(): CostCurve | null {
    return this.#parts.cost.curve
  }

  /**
   * What a verify pass costs on this device, measured when it is first asked for: in less than a second, or in `budgetMs`, between the
   * rounds of what is decoding. Passes that there is no time for are reckoned from the others (`measured`), until more time is given.
   * Throws `INVALID_OPTION`, `DISPOSED`, `DEVICE_LOST`, `OUT_OF_MEMORY`.
   *
   * @example
   * ```ts
   * import type { Engine } from '@outrider/core'
   *
   * export async function rowsForHalfMore(engine: Engine): Promise<number> {
   *   const { rows, ms } = await engine.verifyCost()
   *   return Math.max(...rows.filter((_, i) => (ms[i] ?? 0) <= 1.5 * (ms[0] ?? 0)))
   * }
   * ```
   */
  verifyCost(budget: CostBudget = {}): Promise<CostCurve> {
    return this.#container.get(tokens.turns).take(async () => {
      this.#alive()
      return this.#parts.cost.ask(budget)
    })
  }

  /**
   * Generates text from a prompt (or from token ids, taken as they are), a part a round. Leaving the loop, or the signal, ends it
   * and frees its session; one that came to its end may be kept (`EngineOptions.keepSessions`). Throws, when it is iterated: `INVALID_OPTION`, `STRATEGY_UNKNOWN`, `TOKENIZER_MISSING`,
   * `PROMPT_EMPTY`, `PROMPT_TOO_LONG`, `ABORTED`, `DEVICE_LOST`, `DISPOSED`, and what a strategy's draft is refused for
   * (`TREE_MALFORMED`, `TREE_TOO_LARGE`). `details.stats` of `ABORTED` and `DEVICE_LOST`: what was done until then (`DecodeStats`), null
   * where no round began.
   *
   * @example
   * ```ts
   * import type { Engine } from '@outrider/core'
   *
   * export async function tell(engine: Engine): Promise<void> {
   *   for await (const part of engine.generate('Once upon a time', { strategy: 'lookup', maxTokens: 100 }))
   *     process.stdout.write(part.text)
   * }
   * ```
   */
  async *generate(prompt: string | readonly number[], options: GenerateOptions = {}): AsyncGenerator<Part, void, void> {
    const request = plan(options, this.#eos, this.model.vocab)
    const ids = typeof prompt === 'string' ? this.#encode(prompt) : prompt
    this.#check(ids)
    yield* this.#decode(ids, options, request, null)
  }

  /**
   * Goes on with a generation from a checkpoint (`part.checkpoint()`, or `details.checkpoint` of the error that ended it), also on
   * another device and after its JSON was stored: the prompt is prefilled in the same chunks, and what was generated is decoded again
   * in a few passes. Text goes on where it stopped; `finish` is that of the whole generation, and `finish.resumed.exact` says whether
   * its tokens are exactly those of the undisturbed run: on a device of another fingerprint that cannot be promised. Default
   * strategy: the checkpoint's. A constraint and processors are no JSON: give the same again. Throws as `generate`, and
   * `INVALID_OPTION` for a checkpoint that is malformed, of another model, of another acceptance rule, or of a constraint or processors
   * of other names.
   *
   * @example
   * ```ts
   * import { type Engine, type GenerationCheckpoint, OutriderError } from '@outrider/core'
   *
   * export async function tell(engine: Engine, spare: () => Promise<Engine>): Promise<void> {
   *   try {
   *     for await (const part of engine.generate('Once upon a time')) process.stdout.write(part.text)
   *   } catch (error) {
   *     if (!OutriderError.is(error, 'DEVICE_LOST')) throw error
   *     const next = await spare()
   *     for await (const part of next.resume(error.details.checkpoint as GenerationCheckpoint)) process.stdout.write(part.text)
   *   }
   * }
   * ```
   */
  async *resume(checkpoint: GenerationCheckpoint, options: ResumeOptions = {}): AsyncGenerator<Part, void, void> {
    const saved = checkCheckpoint(checkpoint, { model: this.model, options, rule: this.#rule(options) })
    const request = { ...options, ...saved.options, strategy: options.strategy ?? saved.strategy }
    const planned = plan(request, this.#eos, this.model.vocab, 0)
    yield* this.#decode(saved.tokens.slice(0, saved.promptTokens), request, planned, saved)
  }

  /** Generates to the end. Throws as `generate`. */
  async complete(prompt: string | readonly number[], options: GenerateOptions = {}): Promise<Completion> {
    return collect(this.generate(prompt, options))
  }

  /**
   * A conversation through the model's own chat template that keeps what it has already run: a turn costs only its new tokens.
   * Throws `TOKENIZER_MISSING`, `CHAT_TEMPLATE_MISSING`, `STRATEGY_UNKNOWN`, `DISPOSED`.
   *
   * @example
   * ```ts
   * import type { Engine } from '@outrider/core'
   *
   * export async function talk(engine: Engine): Promise<void> {
   *   const chat = engine.session({ strategy: 'lookup', messages: [{ role: 'system', content: 'Answer briefly.' }] })
   *   for await (const part of chat.send('Why is the sky blue?')) process.stdout.write(part.text)
   *   chat.dispose()
   * }
   * ```
   */
  session(options: SessionOptions = {}): ChatSession {
    const { tokenizer } = this
    if (!tokenizer)
      throw new OutriderError('TOKENIZER_MISSING', 'a chat needs a tokenizer, and this model came without one')
    if (!tokenizer.hasChatTemplate)
      throw new OutriderError(
        'CHAT_TEMPLATE_MISSING',
        'this model has no chat template: use generate with a prompt of your own',
      )
    return new ChatSession(this, tokenizer, this.#eos, this.model.vocab, options)
  }

  /** A decoding loop for `strategy` and `acceptance`; the engine frees it at the latest with itself. */
  openStepper(options: SessionRequest): Stepper {
    this.#alive()
    return this.#parts.sessions.open(options)
  }

  closeStepper(stepper: Stepper): void {
    this.#parts.sessions.close(stepper)
  }

  /** Ends every session after the round it is in, and frees all that the engine took; the backend stays its maker's. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#container.get(tokens.turns).take(async () => {
      const owned = new Owned()
      owned.add({ dispose: this.#parts.release })
      owned.add(this.#parts.sessions)
      owned.dispose()
    })
    return this.#disposal
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** Decodes from a prompt, and from what was generated before where there is a checkpoint. */
  async *#decode(
    prompt: readonly number[],
    options: GenerateOptions,
    request: GenerationPlan,
    saved: GenerationCheckpoint | null,
  ): AsyncGenerator<Part, void, void> {
    const { backend, model, limits, tokenizer } = this
    const { info } = backend
    const { seed } = request.sampling.params
    const rule = this.#rule(options)
    const rows = Math.min(saved?.chunkRows ?? Number.POSITIVE_INFINITY, chunkRows(limits.maxRows))
    const facts = { prompt, options, seed, rule, capacity: limits.capacity, chunkRows: rows, model, info }
    const save = checkpointer(facts)
    const exact = this.exact && rule.guarantee === 'same-tokens'
    const from = saved && {
      ids: saved.tokens.slice(prompt.length),
      held: saved.held,
      exact: exact && rows === saved.chunkRows && sameDevice(saved, info),
    }
    const stepper = await this.#prefilled(prompt, options, rows).catch((error: unknown) => {
      throw withCheckpoint(error, save(from ?? { ids: [], held: [] }))
    })
    const promptTokens = prompt.length
    const continues = prompt.some((id) => tokenizer?.bytes(id) !== undefined)
    let ended = false
    try {
      const parts = { stepper, tokenizer, plan: request, promptTokens, continues, checkpointer: save, from }
      for await (const part of decode(parts)) {
        ended = part.finish !== null
        yield part
      }
    } finally {
      const { sessions } = this.#parts
      if (ended) sessions.release(stepper)
      else sessions.close(stepper)
    }
  }

  /** A decoding loop that holds a prompt. */
  async #prefilled(prompt: readonly number[], options: GenerateOptions, rows: number): Promise<Stepper> {
    throwIfAborted(options.signal)
    const stepper = this.openStepper(options)
    try {
      await stepper.extend(prompt, options.signal, rows)
      return stepper
    } catch (error) {
      this.closeStepper(stepper)
      // Idle sessions may hold what this one lacks.
      if (OutriderError.is(error, 'OUT_OF_MEMORY') && this.#parts.sessions.free())
        return this.#prefilled(prompt, options, rows)
      throw error
    }
  }

  #rule({ acceptance }: Pick<GenerateOptions, 'acceptance'>): AcceptanceRule {
    return acceptance ?? this.#container.get(tokens.defaultRule)
  }

  #alive(): void {
    if (this.#disposal) throw new OutriderError('DISPOSED', 'the engine was disposed of; create a new one')
  }

  get #decoder(): DecoderModel {
    return this.#container.get(tokens.model)
  }

  get #eos(): readonly number[] {
    return [...new Set([...this.model.eos, ...(this.tokenizer?.eos ?? [])])]
  }

  #encode(text: string): readonly number[] {
    const { tokenizer } = this
    if (!tokenizer)
      throw new OutriderError('TOKENIZER_MISSING', 'this model came without a tokenizer: give the prompt as token ids')
    return tokenizer.encode(text, { bos: true })
  }

  #check(ids: readonly number[]): void {
    if (ids.length === 0) throw new OutriderError('PROMPT_EMPTY', 'the prompt has no token: give at least one')
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= this.model.vocab)
    if (wrong !== undefined)
      throw new OutriderError(
        'INVALID_OPTION',
        `the prompt holds ${wrong}, which is no token of a vocabulary of ${this.model.vocab}`,
      )
  }
}

/**
 * Reads a generation to its end. Throws what the generation throws.
 *
 * @example
 * ```ts
 * import { type ChatSession, collect } from '@outrider/core'
 *
 * export const ask = async (chat: ChatSession, question: string): Promise<string> =>
 *   (await collect(chat.send(question))).text
 * ```
 */
export async function collect(parts: AsyncIterable<Part>): Promise<Completion> {
  let text = ''
  const all: TextToken[] = []
  for await (const part of parts) {
    text += part.text
    all.push(...part.tokens)
    if (part.finish) return { ...part.finish, text, tokens: all }
  }
  throw new OutriderError('ABORTED', 'the generation ended without a result')
}
