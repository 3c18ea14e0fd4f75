import { decode, type GenerateOptions, type Part, plan, type Stepper } from '../decode'
import { OutriderError } from '../errors'
import type { AcceptanceRule, ChatMessage, Tokenizer } from '../spec'

/** How a chat begins. */
export interface SessionOptions {
  /** Name of one of the engine's strategies. Default `plain`. */
  readonly strategy?: string
  readonly acceptance?: AcceptanceRule
  /** Times rounds by the device's own clock, as in `GenerateOptions`: for all turns. Default false. */
  readonly timings?: boolean
  /** What has been said so far: a system message, earlier turns. */
  readonly messages?: readonly ChatMessage[]
}

/** What a session asks of its engine. */
export interface SessionHost {
  openStepper(options: SessionOptions): Stepper
  closeStepper(stepper: Stepper): void
}

/** Options of one turn; strategy, rule and timings are the session's. */
export type TurnOptions = Omit<GenerateOptions, 'strategy' | 'acceptance' | 'timings'>

/** A conversation that keeps its prefix: keys and values of what has been said stay, and only new tokens run. Made by `engine.session`. */
export class ChatSession {
  readonly #messages: ChatMessage[]
  readonly #stepper: Stepper
  #busy = false

  constructor(
    private readonly engine: SessionHost,
    private readonly tokenizer: Tokenizer,
    private readonly eos: readonly number[],
    private readonly vocab: number,
    options: SessionOptions,
  ) {
    this.#messages = [...(options.messages ?? [])]
    this.#stepper = engine.openStepper(options)
  }

  /** What has been said, oldest first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages
  }

  /**
   * Says something and streams the answer, which joins `messages` when it is complete; an answer that is broken off leaves
   * `messages` as they were before. Throws as `Engine.generate`, `BUSY` while another answer is streaming, `CHAT_TEMPLATE_FAILED`.
   */
  async *send(message: string | ChatMessage, options: TurnOptions = {}): AsyncGenerator<Part, void, void> {
    if (this.#busy)
      throw new OutriderError('BUSY', 'this session is still answering: wait for it, or open another session')
    this.#busy = true
    try {
      const turn: ChatMessage = typeof message === 'string' ? { role: 'user', content: message } : message
      const request = plan(options, this.eos, this.vocab)
      const ids = this.tokenizer.encode(this.tokenizer.chat([...this.#messages, turn], { generationPrompt: true }))
      if (ids.length === 0)
        throw new OutriderError('PROMPT_EMPTY', 'the chat template made an empty prompt of these messages')
      await this.#run(ids, options.signal)
      let answer = ''
      const parts = decode({
        stepper: this.#stepper,
        tokenizer: this.tokenizer,
        plan: request,
        promptTokens: ids.length,
        continues: false,
        checkpointer: null,
        from: null,
      })
      for await (const part of parts) {
        answer += part.text
        if (part.finish) this.#messages.push(turn, { role: 'assistant', content: answer })
        yield part
      }
    } finally {
      this.#busy = false
    }
  }

  /** Frees what the session holds. */
  dispose(): void {
    this.engine.closeStepper(this.#stepper)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Brings the stepper to exactly `ids`, running only what it does not hold yet. */
  async #run(ids: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    this.#stepper.resetStats()
    const held = this.#stepper.sequence.tokens
    let same = 0
    while (same < Math.min(held.length, ids.length) && held[same] === ids[same]) same++
    if (same < held.length) this.#stepper.truncate(same)
    await this.#stepper.extend(ids.slice(same), signal)
  }
}
