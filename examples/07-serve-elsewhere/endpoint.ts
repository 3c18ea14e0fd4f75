import OpenAI, { APIConnectionError, APIError } from 'openai'
import { readMetrics, type Sample } from './metrics'

/** What an endpoint answered wrongly, or not at all: said without a stack, exit code 1. */
export class EndpointError extends Error {}

/** What an endpoint wrote after a prompt. */
export interface Answer {
  readonly text: string
  /** As the endpoint counts them; null where it does not tell. */
  readonly tokens: number | null
  readonly promptTokens: number | null
  readonly firstMs: number
  readonly ms: number
}

/** An OpenAI-shaped server at a base URL that ends in `/v1`. */
export class Endpoint {
  readonly url: string
  readonly #client: OpenAI
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, apiKey: string) {
    this.url = url.replace(/\/+$/, '')
    this.#headers = { Authorization: `Bearer ${apiKey}` }
    // Another attempt would be measured, too.
    this.#client = new OpenAI({ baseURL: this.url, apiKey, maxRetries: 0 })
  }

  /** Names that it serves. Throws `EndpointError`. */
  async models(): Promise<readonly string[]> {
    return this.#asked(async () => (await this.#client.models.list()).data.map(({ id }) => id))
  }

  /** Continues a prompt greedily, streamed, and takes the time. Throws `EndpointError`. */
  async complete(model: string, prompt: readonly number[], maxTokens: number): Promise<Answer> {
    return this.#asked(async () => {
      const start = performance.now()
      const stream = await this.#client.completions.create({
        model,
        prompt: [...prompt],
        max_tokens: maxTokens,
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      })
      const answer = { text: '', tokens: null as number | null, promptTokens: null as number | null, firstMs: 0 }
      for await (const { choices, usage } of stream) {
        const text = choices[0]?.text ?? ''
        if (text && !answer.text) answer.firstMs = performance.now() - start
        answer.text += text
        answer.tokens = usage?.completion_tokens ?? answer.tokens
        answer.promptTokens = usage?.prompt_tokens ?? answer.promptTokens
      }
      return { ...answer, ms: performance.now() - start }
    })
  }

  /** Its metrics, which lie beside `/v1`; a sentence where it has none. */
  async metrics(): Promise<readonly Sample[] | string> {
    const url = `${this.url.replace(/\/v1$/, '')}/metrics`
    try {
      const response = await fetch(url, { headers: this.#headers })
      if (response.ok) return readMetrics(await response.text())
      return `${url} answers ${response.status}: vLLM has metrics there, SGLang with --enable-metrics`
    } catch (error) {
      return `${url} cannot be read: ${(error as Error).message}`
    }
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      throw new EndpointError(this.#reason(error), { cause: error })
    }
  }

  #reason(error: unknown): string {
    if (error instanceof APIConnectionError) return `${this.url} cannot be reached (${cause(error)}): is the server up?`
    if (!(error instanceof APIError)) return `${this.url} broke off: ${(error as Error).message}`
    if (error.status === 401 || error.status === 403)
      return `${this.url} refuses the key: put the right one in OPENAI_API_KEY`
    if (error.status === 404)
      return `${this.url} answers 404 (${error.message}): the base URL ends in /v1, and /models and /completions lie below it`
    return `${this.url} answers ${error.status ?? 'an error'}: ${error.message}`
  }
}

/** The innermost message: fetch says "fetch failed" alone. */
function cause(error: Error): string {
  return error.cause instanceof Error ? cause(error.cause) : error.message || ((error as { code?: string }).code ?? '')
}
