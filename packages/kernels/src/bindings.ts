import type { Binding } from './recorder'

type Buffer = Binding['buffer'] | undefined

const bound = (access: Binding['access'], buffers: readonly Buffer[]): readonly Binding[] =>
  buffers.flatMap((buffer) => (buffer ? [{ buffer, access }] : []))

/** Buffers that a dispatch reads, in the order of its bindings, those left out that are undefined. */
export const reads = (...buffers: readonly Buffer[]): readonly Binding[] => bound('read', buffers)

/** Buffers that it writes, and may read. */
export const writes = (...buffers: readonly Buffer[]): readonly Binding[] => bound('read_write', buffers)
