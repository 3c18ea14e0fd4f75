import { diskFile } from './disk-file'
import { type DownloadStore, digest, type StoredVersion } from './download-store'
import { isNotFound, type NodeFiles } from './node-files'

/** A download that was not written to for so long belongs to a process that is gone. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000

/**
 * Downloads as files: `<folder>/<digest of the URL>/<digest of the tag>-<bytes>-<name>`. A file is written under a name that ends in
 * `.part` and renamed once it is whole, so what has its final name is never half a file.
 */
export function diskStore(files: NodeFiles, folder: string): DownloadStore {
  const folderOf = async (url: string) => `${folder}/${await digest(url)}`

  /** The whole file among `entries` that fits `prefix`; one whose size is not the one in its name is not whole. */
  const wholeFile = async (at: string, prefix: string) => {
    for (const entry of await entriesOf(files, at)) {
      const bytes = /^[0-9a-f]{32}-(\d+)-/.exec(entry)?.[1]
      if (bytes === undefined || entry.endsWith('.part') || !entry.startsWith(prefix)) continue
      if ((await files.stat(`${at}/${entry}`)).size === Number(bytes)) return diskFile(files, `${at}/${entry}`)
    }
    return null
  }

  return {
    find: async ({ url, tag }) => wholeFile(await folderOf(url), await digest(tag)),
    any: async (url) => wholeFile(await folderOf(url), ''),
    save: async (version, body) => {
      const at = await folderOf(version.url)
      await files.mkdir(at, { recursive: true })
      const final = await writeWhole(files, at, version, body)
      await removeOthers(files, at, final)
      return diskFile(files, `${at}/${final}`)
    },
  }
}

async function writeWhole(
  files: NodeFiles,
  at: string,
  { tag, name }: StoredVersion,
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const part = `${at}/${crypto.randomUUID()}.part`
  const handle = await files.open(part, 'wx')
  let bytes = 0
  try {
    try {
      for await (const chunk of body) {
        for (let written = 0; written < chunk.length; )
          written += (await handle.write(chunk, written, chunk.length - written)).bytesWritten
        bytes += chunk.length
      }
    } finally {
      await handle.close()
    }
    const final = `${await digest(tag)}-${bytes}-${name.replace(/[^\w.-]/g, '_')}`
    await files.rename(part, `${at}/${final}`)
    return final
  } catch (error) {
    await files.rm(part, { force: true })
    throw error
  }
}

/** Other versions of the file, and parts that nobody writes to any more. */
async function removeOthers(files: NodeFiles, at: string, kept: string): Promise<void> {
  for (const entry of await entriesOf(files, at)) {
    if (entry === kept) continue
    try {
      const { mtimeMs } = await files.stat(`${at}/${entry}`)
      if (entry.endsWith('.part') && Date.now() - mtimeMs < ABANDONED_AFTER_MS) continue
      await files.rm(`${at}/${entry}`, { force: true })
    } catch {
      // Another process was first, or still reads it: the file can stay.
    }
  }
}

async function entriesOf(files: NodeFiles, at: string): Promise<readonly string[]> {
  try {
    return await files.readdir(at)
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}
