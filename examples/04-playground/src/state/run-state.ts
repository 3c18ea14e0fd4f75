import { plain, type StrategyChoice } from '../choice'
import type { RunEnd, RunUpdate, ShownRound, ShownToken } from '../protocol'

/** What a round brought to the text. */
export interface TextGroup {
  /** Place of its first token in the text. */
  readonly at: number
  readonly tokens: readonly ShownToken[]
}

/** Counts of a run so far. */
interface Counts {
  readonly tokens: number
  readonly rounds: number
  readonly submits: number
  readonly reads: number
  /** Tokens that a round commits, the target's own included, those after the end too. */
  readonly acceptanceLength: number
  /** Of the tokens after the first part's; null before the second. */
  readonly tokensPerSecond: number | null
}

/** A run as the page shows it. */
export interface Run {
  readonly state: 'none' | 'running' | 'ended'
  readonly choice: StrategyChoice
  /** The prompt that the text goes on from, or the question of a chat. */
  readonly prompt: string
  readonly groups: readonly TextGroup[]
  readonly rounds: readonly ShownRound[]
  readonly counts: Counts | null
  readonly end: RunEnd | null
}

/** How much of a run there was when it was interrupted last. */
export interface Interruption {
  readonly rounds: number
  readonly groups: number
}

/** Before the first run. */
export const nothing: Run = {
  state: 'none',
  choice: plain,
  prompt: '',
  groups: [],
  rounds: [],
  counts: null,
  end: null,
}

/** The text of a run so far. */
export function textOf({ groups }: Run): string {
  return groups.flatMap(({ tokens }) => tokens.map(({ text }) => text)).join('')
}

/** The round that a token of the text came from. */
export function roundOf({ rounds }: Run, place: number): ShownRound | null {
  return rounds.findLast(({ start }) => start <= place) ?? null
}

/** The token before a place of the text; before the first one, the end of what was asked. */
export function textBefore({ groups, prompt }: Run, place: number): string {
  const group = groups.findLast(({ at }) => at < place)
  return group?.tokens[place - 1 - group.at]?.text ?? prompt.slice(-12)
}

/** A run with more of its updates; it is counted and timed from `since` on. */
export function withUpdates(run: Run, updates: readonly RunUpdate[], since: Interruption): Run {
  let at = sum(run.groups, ({ tokens }) => tokens.length)
  const more = updates.flatMap(({ tokens }) => {
    if (tokens.length === 0) return []
    const group = { at, tokens }
    at += tokens.length
    return [group]
  })
  const groups = [...run.groups, ...more]
  const rounds = [...run.rounds, ...updates.flatMap(({ round }) => (round ? [round] : []))]
  const counted = { rounds: rounds.slice(since.rounds), groups: groups.slice(since.groups) }
  return { ...run, groups, rounds, counts: countsOf(counted, updates.at(-1) as RunUpdate) }
}

function countsOf(
  { rounds, groups }: Pick<Run, 'rounds' | 'groups'>,
  { work: { submits, reads }, ms }: RunUpdate,
): Counts {
  const tokens = sum(groups, (group) => group.tokens.length)
  const later = tokens - (groups[0]?.tokens.length ?? 0)
  return {
    tokens,
    rounds: rounds.length,
    submits,
    reads,
    acceptanceLength: rounds.length === 0 ? 0 : sum(rounds, ({ path }) => path.length + 1) / rounds.length,
    tokensPerSecond: ms > 0 && later > 0 ? (later / ms) * 1000 : null,
  }
}

function sum<T>(all: readonly T[], of: (each: T) => number): number {
  return all.reduce((total, each) => total + of(each), 0)
}
