/** How a server is started with a head, or why it cannot be. */
export interface Launch {
  readonly server: 'vLLM' | 'SGLang'
  /** Program and its first words, then a flag with its value a line; null where the server cannot serve this head. */
  readonly command: readonly (readonly string[])[] | null
  /** What the server needs in the head's config.json. */
  readonly edits: readonly Edit[]
  /** What else to know, or why there is no command. */
  readonly notes: readonly string[]
}

/** What a server runs on. */
export interface Place {
  readonly port: number
  /** GPUs that share the target. */
  readonly gpus: number
}

/** Fields of a head's config.json that a server reads otherwise than they stand. */
export interface Edit {
  readonly fields: Readonly<Record<string, unknown>>
  readonly because: string
}

/** A command for a POSIX shell, a flag a line. */
export function shellText(command: readonly (readonly string[])[]): string {
  return command.map((words) => words.map(quoted).join(' ')).join(' \\\n    ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
