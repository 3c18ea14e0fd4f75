import { type Commands, commands } from './commands'

/** A command for a worker. */
export interface Question {
  readonly id: number
  readonly name: keyof Commands
  readonly args: readonly unknown[]
}

/** What a command gave, or the error that it threw. */
export type Answer = { readonly value: unknown } | { readonly code: string | null; readonly message: string }

/** Runs a command here. */
export async function answer({ name, args }: Omit<Question, 'id'>): Promise<Answer> {
  try {
    return { value: await (commands[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args) }
  } catch (error) {
    const { code = null, message } = error as Error & { readonly code?: string }
    return { code, message }
  }
}
