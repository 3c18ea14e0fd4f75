/**
 * Where measured choices of tiles are kept. Keys name the device, the version of the kernels and the shape; values are short
 * JSON texts. Whatever it gives is checked, and what it throws is taken for nothing found: a bad entry costs a measurement.
 *
 * @example
 * ```ts
 * import type { TuningCache } from '@outrider/kernels'
 *
 * const inBrowser: TuningCache = {
 *   get: (key) => localStorage.getItem(key),
 *   set: (key, value) => localStorage.setItem(key, value),
 * }
 * ```
 */
export interface TuningCache {
  /** The value that was set last, null or undefined for none. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>
  /** Keeps a value. */
  set(key: string, value: string): unknown
}

const remembered = new Map<string, string>()

/** Keeps choices as long as the process or page lives, for all of its devices. */
export const processCache: TuningCache = {
  get: (key) => remembered.get(key),
  set: (key, value) => remembered.set(key, value),
}
