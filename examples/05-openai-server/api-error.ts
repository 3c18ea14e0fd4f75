import { type ErrorCode, OutriderError } from '@outrider/core'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'

/** What a client gets where it gets no answer: a status, and a body as OpenAI shapes them. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode
  readonly type: string
  /** The field of the request that is to blame. */
  readonly param: string | null
  readonly code: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ContentfulStatusCode,
    message: string,
    more: {
      readonly type?: string
      readonly param?: string | null
      readonly code?: string
      readonly headers?: Readonly<Record<string, string>>
    } = {},
  ) {
    super(message)
    this.status = status
    this.type = more.type ?? (status < 500 ? 'invalid_request_error' : 'server_error')
    this.param = more.param ?? null
    this.code = more.code ?? null
    this.headers = more.headers ?? {}
  }

  get body() {
    const { message, type, param, code } = this
    return { error: { message, type, param, code } }
  }
}

type Translation = { readonly status: ContentfulStatusCode; readonly code?: string }

/** Errors of the engine that the request or the moment is to blame for; any other is the server's. */
const translations: { readonly [code in ErrorCode]?: Translation } = {
  INVALID_OPTION: { status: 400 },
  STRATEGY_UNKNOWN: { status: 400 },
  PROMPT_EMPTY: { status: 400 },
  PROMPT_TOO_LONG: { status: 400, code: 'context_length_exceeded' },
  CHAT_TEMPLATE_MISSING: { status: 400 },
  CHAT_TEMPLATE_FAILED: { status: 400 },
  // The model's tokens cannot spell what a schema allows.
  CONSTRAINT_FAILED: { status: 400 },
  // nginx's word for a client that hung up: nobody is left to read it.
  ABORTED: { status: 499 as ContentfulStatusCode },
  OUT_OF_MEMORY: { status: 503 },
  DEVICE_LOST: { status: 503 },
  DISPOSED: { status: 503 },
}

/** What a client is told of an error. `param`: the field that is to blame where the error itself names none. */
export function apiErrorOf(error: unknown, param: string | null = null): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof z.ZodError) return misread(error)
  if (!OutriderError.is(error)) return new ApiError(500, 'the server failed; its log says why')
  const { status, code = error.code.toLowerCase() } = translations[error.code] ?? { status: 500 }
  return new ApiError(status, error.message, { code, param })
}

function misread({ issues: [issue] }: z.ZodError): ApiError {
  const path = issue?.path.join('.') ?? ''
  if (issue?.code !== 'unrecognized_keys') {
    const where = path === '' ? 'the request' : path
    return new ApiError(400, `${where}: ${issue?.message}`, { param: path || null })
  }
  const [key] = issue.keys
  const param = path === '' ? `${key}` : `${path}.${key}`
  return new ApiError(400, `Unrecognized request argument supplied: ${param}`, { param, code: 'unknown_parameter' })
}
