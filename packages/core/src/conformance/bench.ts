import { type GenerateOptions, plan } from '../decode'
import type { Backend, ModelLocation, Strategy } from '../spec'
import type { Completion } from '../wiring'
import { createEngine, type Engine } from '../wiring'
import { type AnyPath, anyPath, type SeenTree } from './any-path'
import { type Sight, spied, unseen } from './spied-strategy'
import { type OwnFiles, tinyLoad, tinyModels } from './tiny-host'
import { type Held, WatchedBackend } from './watched-backend'

/** A backend, made for one check and disposed of after it. */
export type MakeBackend = () => Backend | Promise<Backend>

/** Prompts of the kit's model, as token ids: one is too short to hold anything, the others repeat themselves, the last with several followers of a token. */
export const prompts: readonly (readonly number[])[] = [
  [3],
  [5, 9, 11, 5, 9, 11, 5],
  Array.from({ length: 40 }, (_, i) => 5 + ((i * i) % 13)),
]

/** What a bench is set up with. */
export interface BenchOptions {
  readonly strategies?: readonly Strategy[]
  /** Default: the kit's target. */
  readonly model?: ModelLocation
  /** Files that a strategy loads. */
  readonly files?: OwnFiles
  /** Rows of the largest pass. Default 16. */
  readonly maxRows?: number
}

/** An engine with the kit's target, on a watched backend of its own. */
export interface Bench {
  readonly engine: Engine
  readonly watched: WatchedBackend
  readonly sight: Sight
  /** What was held before the engine. */
  readonly before: Held
  complete(prompt: readonly number[], options: GenerateOptions): Promise<Completion>
  dispose(): Promise<void>
}

/** Sets a bench up, uses it and takes it down, also where using it fails. */
export async function onBench<T>(
  make: MakeBackend,
  options: BenchOptions,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const bench = await openBench(make, options)
  try {
    return await use(bench)
  } finally {
    await bench.dispose()
  }
}

async function openBench(make: MakeBackend, options: BenchOptions): Promise<Bench> {
  const { strategies = [], model = tinyModels.target, files = {}, maxRows = 16 } = options
  const watched = new WatchedBackend(await make())
  const sight = unseen()
  const { backend, held: before } = watched
  try {
    const engine = await createEngine({
      backend,
      model,
      strategies: strategies.map((strategy) => spied(strategy, sight)),
      capacity: 128,
      maxRows,
      selfCheck: false,
      keepSessions: 0,
      load: tinyLoad(files),
    })
    return {
      engine,
      watched,
      sight,
      before,
      complete: (prompt, chosen) => engine.complete(prompt, chosen),
      dispose: () => engine.dispose().finally(() => backend.dispose()),
    }
  } catch (error) {
    backend.dispose()
    throw error
  }
}

/** Decoding sessions that go round by round. */
export type Stepping = ReturnType<Engine['openStepper']>

/** What a round of a script is limited to. */
export const MOST = 10

/** A session under the rule that keeps any path; `sampling` is greedy unless said. */
export async function anyPathSession(
  engine: Engine,
  strategy: string,
  prompt: readonly number[],
  sampling: GenerateOptions = {},
): Promise<{ readonly stepper: Stepping; readonly seen: AnyPath }> {
  const seen = anyPath()
  const stepper = engine.openStepper({ strategy, acceptance: seen.rule })
  try {
    await stepper.extend(prompt)
    stepper.begin(plan(sampling, [], engine.model.vocab).sampling)
    return { stepper, seen }
  } catch (error) {
    engine.closeStepper(stepper)
    throw error
  }
}

/** The trees of so many rounds from a prompt on, in a session of their own. */
export async function treesFrom(
  engine: Engine,
  strategy: string,
  prompt: readonly number[],
  rounds: number,
  sampling: GenerateOptions = {},
): Promise<readonly SeenTree[]> {
  const { stepper, seen } = await anyPathSession(engine, strategy, prompt, sampling)
  try {
    for (let round = 0; round < rounds; round++) await stepper.round(MOST)
    return seen.trees
  } finally {
    engine.closeStepper(stepper)
  }
}

/** What `work` fails with, in words; null where it succeeds. */
export async function failureOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
