/** The little of `node:fs/promises` that loading uses. */
export interface NodeFiles {
  open(path: string, flags: 'r' | 'wx'): Promise<NodeHandle>
  stat(path: string): Promise<NodeStats>
  readdir(path: string): Promise<string[]>
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { readonly force: true }): Promise<void>
}

interface NodeStats {
  readonly size: number
  readonly mtimeMs: number
  isDirectory(): boolean
}

interface NodeHandle {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>
  stat(): Promise<{ readonly size: number }>
  close(): Promise<void>
}

interface NodeProcess {
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
  getBuiltinModule?(name: string): unknown
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process
}

/** Node's own module `name`, or undefined where there is none, as in a browser. No import names it, so that bundlers see nothing. */
function builtin<T>(name: string): T | undefined {
  return nodeProcess()?.getBuiltinModule?.(name) as T | undefined
}

/** Local files, or undefined in a browser. */
export function nodeFiles(): NodeFiles | undefined {
  return builtin('node:fs/promises')
}

/** The path that a `file:` URL stands for. */
export function pathOfUrl(url: string): string {
  const { fileURLToPath } = builtin<{ fileURLToPath(url: string): string }>('node:url') ?? {}
  return fileURLToPath ? fileURLToPath(url) : url
}

/** Where downloads are kept: `OUTRIDER_CACHE`, else `outrider` in the user's cache folder. Undefined in a browser. */
export function defaultCacheFolder(): string | undefined {
  const os = builtin<{ homedir(): string }>('node:os')
  const { env, platform } = nodeProcess() ?? {}
  if (!os || !env) return undefined
  if (env.OUTRIDER_CACHE) return env.OUTRIDER_CACHE
  if (env.XDG_CACHE_HOME) return `${env.XDG_CACHE_HOME}/outrider`
  if (platform === 'darwin') return `${os.homedir()}/Library/Caches/outrider`
  if (platform === 'win32') return `${env.LOCALAPPDATA ?? `${os.homedir()}/AppData/Local`}/outrider/cache`
  return `${os.homedir()}/.cache/outrider`
}

/** Whether a failed call of `node:fs` failed because there is no such file or folder. */
export function isNotFound(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ENOENT' || code === 'ENOTDIR'
}
