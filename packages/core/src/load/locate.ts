import { OutriderError } from '../errors'
import type { ModelLocation } from '../spec/strategy'
import type { ByteSource } from './byte-source'
import { localFolder, type ModelFolder, openFolder } from './folder'
import { nodeFiles } from './node-fs'
import type { OpenOptions } from './open'

/** A folder, and the file in it that was meant; null for the folder as a whole. */
export interface Located {
  readonly folder: ModelFolder
  readonly file: string | null
}
export async function locate(location: ModelLocation | readonly ByteSource[], _options: OpenOptions): Promise<Located> {
  if (typeof location !== 'string') return { folder: openFolder(location), file: null }
  const files = nodeFiles()!
  const info = await files.stat(location)
  if (info.isDirectory()) return { folder: localFolder(files, location), file: null }
  const [, folder = '.', file = ''] = /^(.*)[/\\]([^/\\]*)$/.exec(location) ?? [location, '.', location]
  if (!info.isFile()) throw new OutriderError('FILE_NOT_FOUND', location)
  return { folder: localFolder(files, folder), file }
}
