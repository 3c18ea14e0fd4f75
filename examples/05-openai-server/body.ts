import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ApiError } from './api-error'

const mostBytes = 4 << 20

/** Refuses bodies that no request needs. */
export const limitedBody = bodyLimit({
  maxSize: mostBytes,
  onError: () => {
    throw new ApiError(413, `The body is larger than ${mostBytes} bytes`, { code: 'request_too_large' })
  },
})

/** The body as JSON. A web page cannot send that type elsewhere without asking. Throws `ApiError`. */
export async function jsonBody(c: Context): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header('Content-Type') ?? ''))
    throw new ApiError(415, 'The body has to be JSON: send Content-Type: application/json', {
      code: 'unsupported_media_type',
    })
  try {
    return await c.req.json()
  } catch (error) {
    throw new ApiError(400, `The body is no JSON: ${(error as Error).message}`, { code: 'invalid_json' })
  }
}
