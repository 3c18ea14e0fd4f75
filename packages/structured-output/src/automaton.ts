import { OutriderError } from '@outrider/core'
import { type DFA, TooManyNodesError } from 'refa'
import { determined, type Language } from './language'

/** Reads a text byte by byte. States are 0..states-1; from each of them a text of the language can still be completed. */
export interface Automaton {
  readonly states: number
  readonly initial: number
  /** [states, 256] i32: the state after a byte, -1 where no text of the language goes on so. */
  readonly table: Int32Array
  /** Whether a text may end in this state. */
  readonly complete: readonly boolean[]
}

/** The least automaton of a language, which `build` makes. Throws `INVALID_OPTION` where it is too large, or holds no text. */
export function automatonOf(name: string, build: () => Language): Automaton {
  const dfa = compile(name, build)
  const reach = new Map<DFA.Node, number>()
  if (!dfa.isEmpty) for (const node of dfa.nodes()) reach.set(node, reach.size)
  const back = [...reach.values()].map((): number[] => [])
  for (const [node, from] of reach) for (const [, to] of node.out) back[reach.get(to) as number]?.push(from)
  const alive = reachable(
    [...dfa.finals].flatMap((node) => reach.get(node) ?? []),
    back,
  )
  const initial = reach.get(dfa.initial)
  if (initial === undefined || !alive.has(initial))
    throw new OutriderError('INVALID_OPTION', `${name} allows no text at all: look for parts that exclude one another`)
  const ids = new Map([...alive].map((state, id) => [state, id]))
  const table = new Int32Array(ids.size * 256).fill(-1)
  const complete = new Array<boolean>(ids.size).fill(false)
  for (const [node, state] of reach) {
    const id = ids.get(state)
    if (id === undefined) continue
    complete[id] = dfa.finals.has(node)
    for (const [{ min, max }, to] of node.out)
      table.fill(ids.get(reach.get(to) as number) ?? -1, id * 256 + min, id * 256 + max + 1)
  }
  return { states: ids.size, initial: ids.get(initial) as number, table, complete }
}

/** What can be reached from `starts` along `edges`, them among it. */
export function reachable(starts: readonly number[], edges: readonly (readonly number[])[]): ReadonlySet<number> {
  const found = new Set(starts)
  for (const state of found) for (const next of edges[state] ?? []) found.add(next)
  return found
}

function compile(name: string, build: () => Language): DFA {
  try {
    return determined(build())
  } catch (error) {
    if (!(error instanceof TooManyNodesError)) throw error
    throw new OutriderError(
      'INVALID_OPTION',
      `${name} is too large for an automaton: lower its counts and lengths, or nest it less deeply`,
      { cause: error },
    )
  }
}
