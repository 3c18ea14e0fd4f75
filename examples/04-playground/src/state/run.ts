import { type Signal, signal } from '@preact/signals'
import { proxy } from 'comlink'
import type { RunEnd, RunUpdate } from '../protocol'
import { engine, liveBytes, opened, progressed } from './engine'
import { showLink } from './link'
import { type Interruption, nothing, type Run, textOf, withUpdates } from './run-state'
import { set, settings } from './settings'
import { worker } from './worker'

/** One turn of a conversation. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** The run. */
export const run: Signal<Run> = signal(nothing)
/** What was said before the present run, in a chat. */
export const turns: Signal<readonly Turn[]> = signal([])
/** Place in the text of the token whose round is open; null: none. */
export const selected: Signal<number | null> = signal(null)

/** Updates wait for one another, so that the page draws at most so often, in milliseconds. */
const pause = 40
let waiting: RunUpdate[] = []
/** What came before the last interruption: what follows is counted and timed on its own. */
let since: Interruption = { rounds: 0, groups: 0 }
let timer: ReturnType<typeof setTimeout> | null = null

/** Begins a run with the present settings; in a chat the prompt is said, and makes room for the next. */
export async function start(): Promise<void> {
  const { choice, chat, prompt, ...given } = settings.value
  const seed = given.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  showLink({ ...settings.value, seed })
  turns.value = chat ? [...said(), { role: 'user', content: prompt }] : []
  if (chat) set({ prompt: '' })
  selected.value = null
  since = { rounds: 0, groups: 0 }
  run.value = { ...nothing, state: 'running', choice, prompt }
  const { maxTokens, temperature, topK, topP, stop } = given
  const sampling = { maxTokens, temperature, topK, topP, seed, stop }
  const request = { choice, prompt, messages: chat ? turns.value : null, sampling }
  await finish(worker.run(request, proxy(receive)))
}

/** Ends the run before its time. */
export function stop(): void {
  void worker.stop()
}

/** Goes on where the run was broken off. */
export async function resume(): Promise<void> {
  since = { rounds: run.value.rounds.length, groups: run.value.groups.length }
  run.value = { ...run.value, state: 'running', end: null }
  const { value } = engine
  if (value.kind === 'lost') engine.value = { kind: 'loading', progress: null }
  await finish(worker.resume(proxy(receive), proxy(opened), proxy(progressed)))
  if (engine.value.kind === 'loading') engine.value = value
}

/** Whether there is something to go on with. */
export function resumable(): boolean {
  const { end } = run.value
  return end !== null && end.kind !== 'finished' && end.resumable
}

/** Forgets the conversation. */
export function forget(): void {
  turns.value = []
  run.value = nothing
  selected.value = null
}

/** The conversation so far; a question without an answer is none of it. */
function said(): readonly Turn[] {
  const text = textOf(run.value)
  if (turns.value.length === 0) return []
  return text === '' ? turns.value.slice(0, -1) : [...turns.value, { role: 'assistant', content: text }]
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
  liveBytes.value = updates.at(-1)?.work.liveBytes ?? liveBytes.value
  run.value = withUpdates(run.value, updates, since)
}

async function finish(ending: Promise<RunEnd>): Promise<void> {
  const end = await ending.catch(
    (error: unknown): RunEnd => ({ kind: 'failed', failure: { code: null, message: String(error) }, resumable: false }),
  )
  draw()
  run.value = { ...run.value, state: 'ended', end }
}
