import type { ByteSource } from './byte-source'
import type { DownloadStore } from './download-store'
import type { Located } from './folder'

/** What loading does with the files of a machine, where a program may have them: `#disk` is who does it, in a browser nobody. */
export interface Disk {
  /** The folder or file at a path or `file:` URL, or null where there is none. */
  place(location: string): Promise<Located | null>
  /** Throws `FILE_NOT_FOUND`. */
  open(path: string): Promise<ByteSource>
  /** Where downloads are kept: in `folder`, else where the user or the machine wants such files; null where that is not known. */
  store(folder: string | undefined): DownloadStore | null
}
