import {
  type GenerateOptions,
  type GenerationCheckpoint,
  type LoadProgress,
  OutriderError,
  type Part,
} from '@outrider/core'
import { labelOf } from '../choice'
import type { OnUpdate, Opened, RunEnd, RunRequest } from '../protocol'
import type { EngineHost } from './engine-host'
import { failureOf } from './failure'
import { shownRound, shownTokens } from './token-text'

/** Who hears of a run that is resumed: its parts, and the new device where the old one is gone. */
interface Resuming {
  readonly onUpdate: OnUpdate
  readonly onOpened: (opened: Opened) => void
  readonly onProgress: (progress: LoadProgress) => void
}

/** Generates, and goes on where a generation was broken off. */
export class Runs {
  #checkpoint: GenerationCheckpoint | null = null
  #choice: RunRequest['choice'] | null = null

  constructor(private readonly host: EngineHost) {}

  async run(request: RunRequest, signal: AbortSignal, onUpdate: OnUpdate): Promise<RunEnd> {
    const { choice, prompt, messages } = request
    this.#checkpoint = null
    this.#choice = choice
    return this.#guarded(async () => {
      await this.host.strategies([choice])
      const { engine } = this.host
      const chat = messages && engine.tokenizer?.chat(messages, { generationPrompt: true })
      const ids = chat && engine.tokenizer ? engine.tokenizer.encode(chat) : prompt
      return this.#follow(engine.generate(ids, { ...optionsOf(request), signal }), onUpdate)
    })
  }

  async resume(signal: AbortSignal, { onUpdate, onOpened, onProgress }: Resuming): Promise<RunEnd> {
    const [checkpoint, choice] = [this.#checkpoint, this.#choice]
    if (!checkpoint || !choice)
      return { kind: 'failed', failure: { code: null, message: 'There is nothing to resume.' }, resumable: false }
    return this.#guarded(async () => {
      if (await isLost(this.host)) onOpened(await this.host.reopen({ signal, onProgress }))
      await this.host.strategies([choice])
      return this.#follow(this.host.engine.resume(checkpoint, { rounds: true, signal }), onUpdate)
    })
  }

  /** Tells of every part, and of the end only when all of them were heard: threads may hear what was said later first. */
  async #follow(parts: AsyncIterable<Part>, onUpdate: OnUpdate): Promise<RunEnd> {
    const { host } = this
    const before = host.work
    let first = 0
    let heard: ReturnType<OnUpdate> | null = null
    try {
      for await (const part of parts) {
        first ||= performance.now()
        const { liveBytes, submits, reads } = host.work
        heard = onUpdate({
          tokens: shownTokens(part),
          round: part.round && shownRound(part.round, host.engine.tokenizer),
          work: { liveBytes, submits: submits - before.submits, reads: reads - before.reads },
          ms: performance.now() - first,
        })
        const { finish } = part
        if (finish) {
          const { reason, stats, resumed } = finish
          return { kind: 'finished', reason, stats, resumed: resumed?.exact ?? null }
        }
      }
    } finally {
      await heard
    }
    throw new Error('The generation ended without a result.')
  }

  /** How a run ended, by what it threw; what there is to go on from is kept. */
  async #guarded(work: () => Promise<RunEnd>): Promise<RunEnd> {
    try {
      return await work()
    } catch (error) {
      const { checkpoint } = OutriderError.is(error) ? error.details : {}
      if (checkpoint) this.#checkpoint = checkpoint as GenerationCheckpoint
      const resumable = this.#checkpoint !== null
      if (OutriderError.is(error, 'ABORTED')) return { kind: 'stopped', resumable }
      if (OutriderError.is(error, 'DEVICE_LOST')) return { kind: 'lost', failure: failureOf(error), resumable }
      return { kind: 'failed', failure: failureOf(error), resumable }
    }
  }
}

function optionsOf({ choice, sampling }: RunRequest): GenerateOptions {
  const { maxTokens, temperature, topK, topP, seed, stop } = sampling
  return { strategy: labelOf(choice), maxTokens, temperature, topK, topP, seed, stop, rounds: true }
}

async function isLost({ backend }: EngineHost): Promise<boolean> {
  return Promise.race([backend.lost.then(() => true), new Promise<false>((resolve) => setTimeout(resolve, 0, false))])
}
