import { type Signal, signal } from '@preact/signals'
import { proxy } from 'comlink'
import { plain, type StrategyChoice } from '../choice'
import type { RunEnd, RunUpdate, ShownRound, ShownToken } from '../protocol'
import { liveBytes, opened } from './engine'
import { writeLink } from './link'
import { settings } from './settings'
import { worker } from './worker'

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
  /** Tokens a round, the target's own included. */
  readonly acceptanceLength: number
  /** Of the tokens after the first round's; null before the second. */
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

/** One turn of a conversation. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

const nothing: Run = { state: 'none', choice: plain, prompt: '', groups: [], rounds: [], counts: null, end: null }

/** The run. */
export const run: Signal<Run> = signal(nothing)
/** What was said before the present run, in a chat. */
export const turns: Signal<readonly Turn[]> = signal([])
/** Place in the text of the token whose round is open; null: none. */
export const selected: Signal<number | null> = signal(null)

/** Updates wait for one another, so that the page draws at most so often, in milliseconds. */
const pause = 40
let waiting: RunUpdate[] = []
/** Rounds before the last interruption: what follows is counted and timed on its own. */
let roundsBefore = 0
let timer: ReturnType<typeof setTimeout> | null = null

/** Begins a run with the present settings; in a chat, `question` is what is said. */
export async function start(question: string): Promise<void> {
  const { choice, chat, prompt, ...given } = settings.value
  const seed = given.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  history.replaceState(null, '', writeLink({ ...settings.value, seed }) || location.pathname + location.search)
  if (chat) turns.value = [...turns.value, ...answered(), { role: 'user', content: question }]
  selected.value = null
  roundsBefore = 0
  run.value = { ...nothing, state: 'running', choice, prompt: chat ? question : prompt }
  const sampling = { ...given, seed }
  const request = { choice, prompt, messages: chat ? turns.value : null, sampling }
  await finish(worker.run(request, proxy(receive)))
}

/** Ends the run before its time. */
export function stop(): void {
  void worker.stop()
}

/** Goes on where the run was broken off. */
export async function resume(): Promise<void> {
  roundsBefore = run.value.rounds.length
  run.value = { ...run.value, state: 'running', end: null }
  await finish(worker.resume(proxy(receive), proxy(opened)))
}

/** Forgets the conversation. */
export function forget(): void {
  turns.value = []
  run.value = nothing
  selected.value = null
}

/** The text of the run so far. */
function textOf({ groups }: Run): string {
  return groups.flatMap(({ tokens }) => tokens.map(({ text }) => text)).join('')
}

/** The round that a token of the text came from. */
export function roundOf({ rounds }: Run, place: number): ShownRound | null {
  return rounds.findLast(({ start }) => start <= place) ?? null
}

function answered(): readonly Turn[] {
  const text = textOf(run.value)
  return text === '' ? [] : [{ role: 'assistant', content: text }]
}

function receive(update: RunUpdate): void {
  waiting.push(update)
  timer ??= setTimeout(draw, pause)
}

function draw(): void {
  if (timer !== null) clearTimeout(timer)
  timer = null
  const updates = waiting
  waiting = []
  if (updates.length === 0) return
  const before = run.value
  let at = before.groups.reduce((sum, { tokens }) => sum + tokens.length, 0)
  const groups = updates.flatMap(({ tokens }) => {
    if (tokens.length === 0) return []
    const group = { at, tokens }
    at += tokens.length
    return [group]
  })
  const rounds = [...before.rounds, ...updates.flatMap(({ round }) => (round ? [round] : []))]
  const { work, ms } = updates.at(-1) as RunUpdate
  liveBytes.value = work.liveBytes
  run.value = {
    ...before,
    groups: [...before.groups, ...groups],
    rounds,
    counts: countsOf(rounds.slice(roundsBefore), work, ms),
  }
}

function countsOf(rounds: readonly ShownRound[], { submits, reads }: RunUpdate['work'], ms: number): Counts {
  const tokens = rounds.reduce((sum, { path }) => sum + path.length + 1, 0)
  const later = tokens - (rounds[0] ? rounds[0].path.length + 1 : 0)
  return {
    tokens,
    rounds: rounds.length,
    submits,
    reads,
    acceptanceLength: rounds.length === 0 ? 0 : tokens / rounds.length,
    tokensPerSecond: ms > 0 && later > 0 ? (later / ms) * 1000 : null,
  }
}

async function finish(ending: Promise<RunEnd>): Promise<void> {
  const end = await ending.catch(
    (error: unknown): RunEnd => ({ kind: 'failed', failure: { code: null, message: String(error) } }),
  )
  draw()
  run.value = { ...run.value, state: 'ended', end }
}
