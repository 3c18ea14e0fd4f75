import type { Page } from 'puppeteer-core'
import type { Commands } from './page/commands'

/** An error of the browser. */
class RemoteError extends Error {
  constructor(
    readonly code: string | null,
    message: string,
  ) {
    super(message)
  }
}

/** The commands of a thread of the page, to be called from here. */
export function remote(page: Page, where: 'page' | 'worker'): Commands {
  const call =
    (name: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const answer = await page.evaluate((thread, question) => globalThis.ask(thread, question), where, {
        name: name as keyof Commands,
        args,
      })
      if ('value' in answer) return answer.value
      throw new RemoteError(answer.code, answer.message)
    }
  return new Proxy({} as Commands, {
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? call(name) : undefined),
  })
}
