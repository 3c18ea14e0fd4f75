import type { LoadProgress } from '../spec/checkpoint'

/** How files are found, fetched and kept. */
export interface OpenOptions {
  readonly onProgress?: (progress: LoadProgress) => void
  /**
   * Folder for downloads, in Node; default `OUTRIDER_CACHE`, else `outrider` in the user's cache folder. Browsers use their Cache
   * API. null: nothing is kept, and weights are fetched by range requests as they are read.
   */
  readonly cacheDir?: string | null
  /** Access token of the Hub, sent to `hubUrl` alone. */
  readonly token?: string
  /** Default `https://huggingface.co`. */
  readonly hubUrl?: string
  readonly fetch?: typeof fetch
  readonly signal?: AbortSignal
}
