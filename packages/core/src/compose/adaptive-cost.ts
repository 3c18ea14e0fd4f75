import type { CostCurve } from '../spec'

/** What rounds cost, all in one unit. */
export interface RoundCost {
  /** Verifying a tree of so many nodes, the round's submission and read included; 0: a plain round. */
  verify(nodes: number): number
  /** What a round takes besides, whose draft was asked for as `size`; 0: a plain round. */
  besides(size: number, shape: DraftShape): number
  /** Whether `besides` rests on more than a guess. */
  knows(size: number): boolean
}

/** What a draft of some size comes to. */
export interface DraftShape {
  readonly nodes: number
  readonly chain: boolean
}

/** Cost of a pass that verifies `nodes` nodes; beyond the curve a row costs what it does at its end. */
export function verifyCost({ rows, ms }: CostCurve, nodes: number): number {
  const bucket = rows.findIndex((most) => most > nodes)
  if (bucket >= 0) return ms[bucket] as number
  return ((ms.at(-1) as number) * (nodes + 1)) / (rows.at(-1) as number)
}

/**
 * Where nothing measured may steer and nobody pinned a curve: a row more costs 1/32 of a one-row pass. That is no device's curve, only
 * one that drafts a handful of tokens where they are mostly right, and none where they are mostly wrong.
 */
export const defaultCurve: CostCurve = {
  rows: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  ms: [1, 2, 4, 8, 16, 32, 64, 128, 256].map((rows) => 1 + (rows - 1) / 32),
}

/** Drafting a level, in one-row passes of the target, where it is pinned. */
export const defaultDraftCost = 0.1

/** Costs that are the same on every device and in every run. */
export class PinnedCost implements RoundCost {
  constructor(
    private readonly curve: CostCurve,
    private readonly draftCost: number,
  ) {}

  verify(nodes: number): number {
    return verifyCost(this.curve, nodes)
  }

  /** A tree counts log2(nodes + 1) levels. */
  besides(size: number, { nodes, chain }: DraftShape): number {
    if (size === 0) return 0
    return (chain ? nodes : Math.ceil(Math.log2(nodes + 1))) * this.draftCost * this.verify(0)
  }

  knows(): boolean {
    return true
  }
}
