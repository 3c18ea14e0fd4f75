import type { ByteSource } from './byte-source'

/** One version of a remote file. */
export interface StoredVersion {
  readonly url: string
  /** What the server calls this version: its etag, or what else changes with it. */
  readonly tag: string
  /** The file's name. */
  readonly name: string
}

/** Whole downloads, kept: on disk in Node, in the Cache API in browsers. */
export interface DownloadStore {
  find(version: StoredVersion): Promise<ByteSource | null>
  /** Whatever version of the file is kept, for when the server cannot be asked. */
  any(url: string, name: string): Promise<ByteSource | null>
  /** Keeps `body`, in place of other versions. Where `body` throws, so does this, and nothing is kept. */
  save(version: StoredVersion, body: AsyncIterable<Uint8Array>): Promise<ByteSource>
}

/** 32 hexadecimal digits that stand for `text`. */
export async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
