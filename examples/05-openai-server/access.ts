import type { MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { ApiError } from './api-error'

/** Whether a host, as URLs and sockets name it, is this machine alone. */
export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?|127(\.\d{1,3}){3})$/.test(host)
}

/** Lets in who shows the token. */
export function withToken(token: string): MiddlewareHandler {
  const message = () => {
    const { body, status } = new ApiError(401, 'Incorrect API key: send this server’s token, Authorization: Bearer …', {
      code: 'invalid_api_key',
    })
    return Response.json(body, { status })
  }
  const told = { message }
  return bearerAuth({ token, noAuthenticationHeader: told, invalidAuthenticationHeader: told, invalidToken: told })
}

/** Lets in who asks for this machine by its own name: a web page can make its own name lead here, but not ask for another. */
export const fromThisMachine: MiddlewareHandler = async (c, next) => {
  const { hostname } = new URL(c.req.url)
  if (!isLoopback(hostname))
    throw new ApiError(
      403,
      `${hostname} is not served here without a token: ask for localhost, or start with --token`,
      {
        code: 'host_not_allowed',
      },
    )
  await next()
}
