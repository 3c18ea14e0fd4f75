import { OutriderError } from '../errors'
import type { ByteSource } from './byte-source'

/** The files of a model, wherever they are. */
export interface ModelFolder {
  /** For messages: a path, URL or Hub id. */
  readonly location: string
  /** The file, or null where there is none of that name. Throws what its byte source throws. */
  open(name: string): Promise<ByteSource | null>
  /** Names of the files, or null where the place cannot be listed. */
  list(): Promise<readonly string[] | null>
}

/** A folder, and the file in it that was meant; null for the folder as a whole. */
export interface Located {
  readonly folder: ModelFolder
  readonly file: string | null
}

/** Files that are open already: picked in a browser, or in memory. */
export function openFolder(sources: readonly ByteSource[]): ModelFolder {
  return {
    location: sources.map(({ name }) => name).join(', '),
    open: async (name) => sources.find((source) => source.name === name) ?? null,
    list: async () => sources.map(({ name }) => name),
  }
}

/** The text of a whole small file, or null where there is none. */
export async function readText(folder: ModelFolder, name: string): Promise<string | null> {
  const source = await folder.open(name)
  if (!source) return null
  try {
    return new TextDecoder().decode(await source.read(0, source.size))
  } finally {
    await source.close()
  }
}

/** A JSON object, or null where there is no such file. Throws `FILE_MALFORMED`. */
export async function readJson(folder: ModelFolder, name: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readText(folder, name)
  if (text === null) return null
  const json = parse(text, folder, name)
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  throw malformed(folder, name, 'an object is needed')
}

function parse(text: string, folder: ModelFolder, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed(folder, name, String(cause), cause)
  }
}

function malformed({ location }: ModelFolder, name: string, what: string, cause?: unknown): OutriderError {
  return new OutriderError('FILE_MALFORMED', `${location}: ${name} is not the JSON that it should be: ${what}.`, {
    details: { location, file: name },
    ...(cause !== undefined && { cause }),
  })
}
