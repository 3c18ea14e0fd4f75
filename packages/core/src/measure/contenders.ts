import { OutriderError } from '../errors'
import type { Comparable, CompareBaseline } from './comparable'

/** What decodes prompts in turn with others: a strategy of the compared engine, or a baseline. */
export interface Contender {
  readonly name: string
  readonly engine: Comparable
  readonly strategy: string
  /** Codes of errors after which there is nothing left to compare; of others it alone is left out. */
  readonly fatal: readonly string[] | 'all'
}

/** All that are compared. */
export interface Contenders {
  readonly plain: Contender
  /** Plain decoding of other engines. */
  readonly baselines: readonly Contender[]
  /** The others of the engine. */
  readonly drafting: readonly Contender[]
}

/** Makes the contenders of an engine's strategies, `plain` the first, and of baselines. Throws `INVALID_OPTION`. */
export function contendersOf(
  engine: Comparable,
  [plain, ...others]: readonly [string, ...string[]],
  baselines: readonly CompareBaseline[],
): Contenders {
  checkNames(engine, baselines)
  return {
    plain: { name: plain, engine, strategy: plain, fatal: 'all' },
    // An engine that is lost or disposed of leaves the compared one as it is.
    baselines: baselines.map((own) => ({ ...own, strategy: plain, fatal: ['ABORTED'] })),
    drafting: others.map((name) => ({
      name,
      engine,
      strategy: name,
      fatal: ['ABORTED', 'DEVICE_LOST', 'DISPOSED'],
    })),
  }
}

/** In the order of the tables. */
export function inOrder({ plain, baselines, drafting }: Contenders): readonly Contender[] {
  return [plain, ...baselines, ...drafting]
}

function checkNames({ strategies }: Comparable, baselines: readonly CompareBaseline[]): void {
  const taken = new Set(strategies)
  for (const { name } of baselines) {
    if (taken.has(name))
      throw new OutriderError(
        'INVALID_OPTION',
        `compare: give the baseline "${name}" another name: ${strategies.includes(name) ? 'a strategy' : 'another baseline'} has this one`,
      )
    taken.add(name)
  }
}
