import { UsageError } from '@outrider/example-02-compare/strategies'
import type { Head } from './head'
import type { Target } from './target'

/** What is drafted a round. */
export interface DraftShape {
  /** Levels below the pending token: tokens of a chain. */
  readonly steps: number
  /** Choices below a node, and nodes expanded a level; 1 for a chain. */
  readonly topK: number
  /** Nodes that are verified, the pending token not counted. */
  readonly nodes: number
}

/** Numbers of the command line; null where not given. */
export interface AskedShape {
  readonly steps: number | null
  readonly topK: number | null
  readonly nodes: number | null
}

/** Tokens of a chain where none are asked for, as the strategies here have it. */
const usualSteps = { lookup: 7, eagle1: 5, eagle3: 5, draft: 5, mtp: 3 } as const

/** What is to be drafted with a head, or by looking up where there is none. Throws `UsageError`. */
export function draftShape(head: Head | null, { steps, topK, nodes }: AskedShape): DraftShape {
  const kind = head?.kind ?? 'lookup'
  const most = head?.kind === 'medusa' ? head.heads : 63
  const depth = steps ?? (head?.kind === 'medusa' ? head.heads : usualSteps[kind as keyof typeof usualSteps])
  if (depth > most)
    throw new UsageError(`--steps ${depth}: ${most} ${kind === 'medusa' ? 'heads draft' : 'is'} the most`)
  if (kind !== 'eagle1' && kind !== 'eagle3') {
    if (topK !== null) throw new UsageError(`--topk grows a tree of an EAGLE head; this is ${kind}`)
    if (nodes !== null && kind !== 'medusa')
      throw new UsageError(`--nodes is of an EAGLE or Medusa tree; this is ${kind}`)
    if (nodes !== null && nodes > 63) throw new UsageError(`--nodes ${nodes}: the published Medusa tree has 63`)
    return { steps: depth, topK: 1, nodes: nodes ?? depth }
  }
  return eagleShape(depth, topK ?? (nodes === null ? 1 : 4), nodes)
}

/** A level has topK choices below each of the topK nodes that are expanded; the first level has one node above it. */
function eagleShape(steps: number, topK: number, nodes: number | null): DraftShape {
  if (steps > 32 || topK > 32) throw new UsageError('an EAGLE tree has 32 levels and 32 choices a node at most')
  const candidates = topK + (steps - 1) * topK * topK
  if (nodes !== null && nodes > candidates)
    throw new UsageError(
      `--nodes ${nodes}: ${steps} steps with --topk ${topK} draft ${candidates} tokens, and no more can be verified`,
    )
  return { steps, topK, nodes: nodes ?? (topK === 1 ? steps : Math.min(31, candidates)) }
}

/** The same draft as a strategy of the `compare` commands writes it. */
export function strategyHere(head: Head | null, target: Target, { steps, topK, nodes }: DraftShape): string {
  if (!head) return `lookup:tokens=${steps}`
  const tree = topK > 1 ? `nodes=${nodes};depth=${steps};topK=${topK}` : null
  const size = head.kind === 'medusa' && nodes !== steps ? `nodes=${nodes}` : (tree ?? `tokens=${steps}`)
  const place = head.location === `${target.location}/${head.kind}` ? '' : `;head=${head.location}`
  return `${head.kind}:${size}${place}`
}
