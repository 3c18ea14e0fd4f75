import { OutriderError } from '../errors'
import type { NoiseKey } from '../sample'
import type { DrawnTree, HostAcceptance, TokenTree } from '../spec'
import { NO_TOKEN, OUTCOME } from '../spec'

/** What a rule on the host is asked about. */
export interface HostQuestion {
  readonly tree: DrawnTree
  /** f32 [rows, vocab]. */
  readonly logits: Float32Array
  readonly vocab: number
  /** Committed length before the round. */
  readonly length: number
  /** The target's noise. */
  readonly noise: NoiseKey
  readonly greedy: boolean
}

/**
 * Asks a rule on the host and lays its verdict out as an outcome (OUTCOME). Throws `ACCEPTANCE_FAILED` where the rule throws,
 * or where it names a path that the tree does not have or a token that is none.
 */
export function askOnHost(name: string, rule: HostAcceptance, question: HostQuestion): Uint32Array {
  const { tree, logits, vocab, length, noise, greedy } = question
  const { path, next } = decide(name, rule, {
    tree,
    logits: (row) => logits.subarray(row * vocab, (row + 1) * vocab),
    length,
    noise,
    greedy,
  })
  const fail = (what: string): never => {
    throw new OutriderError('ACCEPTANCE_FAILED', `acceptance rule ${name} ${what}`, { details: { rule: name } })
  }
  path.forEach((node, depth) => {
    const above = depth === 0 ? -1 : path[depth - 1]
    if (tree.parents[node] !== above)
      fail(`kept the path [${path}], but node ${node} is no child of ${above} (-1: the pending token)`)
  })
  const none = next === -1 || next === NO_TOKEN
  if (!none && !(Number.isInteger(next) && next >= 0 && next < vocab))
    fail(`chose token ${next}, but the vocabulary has ${vocab}`)
  const tokens = [...path.map((node) => tree.tokens[node] as number), next]
  return acceptedPath({ path, tokens, length, rows: tree.tokens.length + 1 })
}

/** What a round comes to, as far as the host says. */
interface AcceptedPath {
  /** Accepted nodes, root side first. */
  readonly path: readonly number[]
  /** Their tokens and the one that follows. */
  readonly tokens: readonly number[]
  /** Committed length before the round. */
  readonly length: number
  /** Rows that were verified. */
  readonly rows: number
}

/** The outcome (OUTCOME) of a round that keeps `path`. */
export function acceptedPath({ path, tokens, length, rows }: AcceptedPath): Uint32Array {
  const outcome = new Uint32Array(OUTCOME.words)
  outcome[OUTCOME.accepted] = path.length
  outcome[OUTCOME.length] = length
  outcome[OUTCOME.rows] = rows
  outcome.set([0, ...path.map((node) => node + 1)], OUTCOME.path)
  outcome.set(tokens, OUTCOME.tokens)
  return outcome
}

function decide(
  name: string,
  rule: HostAcceptance,
  args: Parameters<HostAcceptance['decide']>[0],
): ReturnType<HostAcceptance['decide']> {
  try {
    return rule.decide(args)
  } catch (error) {
    if (OutriderError.is(error)) throw error
    throw new OutriderError('ACCEPTANCE_FAILED', `acceptance rule ${name} failed: ${String(error)}`, { cause: error })
  }
}

/** A tree that programs left on the device, of at most `nodes` nodes as its draft says. Throws `TREE_MALFORMED`. */
export function readTree(tokenBytes: ArrayBuffer, shapeBytes: ArrayBuffer, nodes: number): TokenTree {
  const shape = new Uint32Array(shapeBytes)
  const rows = shape[0] as number
  if (rows < 1 || rows > nodes + 1)
    malformed(
      `has ${rows} rows by word 0 of its shape: the pending token is one, and its draft said ${nodes} nodes at most`,
    )
  const tokens = Array.from(new Uint32Array(tokenBytes).subarray(1, rows))
  const parents = Array.from(shape.subarray(1, rows), (row) => row - 1)
  const late = parents.findIndex((parent, node) => parent >= node)
  if (late >= 0)
    malformed(`has row ${(parents[late] as number) + 1} as the parent of row ${late + 1}: parents come first`)
  return { tokens, parents }
}

function malformed(what: string): never {
  throw new OutriderError('TREE_MALFORMED', `a draft that programs left on the device ${what}`)
}
