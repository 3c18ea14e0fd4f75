import { OutriderError } from '../errors'
import type { Disk } from './disk'
import { diskFile } from './disk-file'
import { diskStore } from './disk-store'
import type { Located, ModelFolder } from './folder'
import { defaultCacheFolder, isNotFound, type NodeFiles, nodeFiles, pathOfUrl } from './node-files'

/** `#disk` of Node; undefined where it turns out that this is no Node. */
export function localDisk(): Disk | undefined {
  const files = nodeFiles()
  if (!files) return undefined
  return {
    place: (location) => placeOf(files, /^file:/i.test(location) ? pathOfUrl(location) : location),
    open: (path) => diskFile(files, path),
    store: (folder = defaultCacheFolder()) => (folder === undefined ? null : diskStore(files, folder)),
  }
}

async function placeOf(files: NodeFiles, path: string): Promise<Located | null> {
  try {
    if ((await files.stat(path)).isDirectory()) return { folder: diskFolder(files, path), file: null }
    const [, folder = '.', file = path] = /^(.*)[/\\]([^/\\]+)$/.exec(path) ?? []
    return { folder: diskFolder(files, folder), file }
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

function diskFolder(files: NodeFiles, path: string): ModelFolder {
  return {
    location: path,
    open: async (name) => {
      try {
        return await diskFile(files, `${path}/${name}`)
      } catch (error) {
        if (OutriderError.is(error, 'FILE_NOT_FOUND')) return null
        throw error
      }
    },
    list: () => files.readdir(path),
  }
}
