import type { Norm, RowPart } from '@outrider/core/spec'

/** The norms of a part, in their order. */
export function normsOf({ before, norm }: RowPart): readonly Norm[] {
  return [...(before ? [before] : []), ...(norm ? [norm] : [])]
}

export function widthOf(part: RowPart): number {
  return 'x' in part ? (part.x.shape[1] as number) : part.table.shape[1]
}
