import { callStrategy, type NamedStrategy, strategyError } from '../decode'
import { OutriderError } from '../errors'
import { building, Owned } from '../owned'
import type {
  Budget,
  Committed,
  DeviceDraft,
  Draft,
  Follow,
  HostDraft,
  Program,
  Proposer,
  Report,
  SessionView,
  Strategy,
  StrategyHost,
  StrategyNeeds,
} from '../spec'

/** A part of a composition in one session. */
export interface Part {
  readonly name: string
  readonly proposer: Proposer
}

/**
 * A strategy made of others: what they need it needs, and it loads and disposes of them all. `start` makes one session's
 * composition of the loaded parts. Throws `INVALID_OPTION` without parts, `STRATEGY_DUPLICATE` where two have one name.
 */
export function compose(
  kind: string,
  parts: readonly Strategy[],
  start: (parts: readonly NamedStrategy[], session: SessionView, host: StrategyHost) => Proposer,
): Strategy {
  const names = parts.map(({ name }) => name)
  if (parts.length === 0) throw new OutriderError('INVALID_OPTION', `${kind} needs at least one strategy`)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw new OutriderError(
      'STRATEGY_DUPLICATE',
      `${kind} has two parts called ${twice}: give one of them another name, or drafts cannot be credited`,
      { details: { strategy: twice } },
    )
  return {
    specVersion: 1,
    name: `${kind}(${names.join(', ')})`,
    needs: union(parts.map(({ needs }) => needs)),
    load: (host) =>
      building(async (owned) => {
        const loaded: NamedStrategy[] = []
        for (const part of parts) {
          const own = await callStrategy(part.name, 'load', () => part.load(host))
          owned.add({ dispose: () => own.dispose?.() })
          loaded.push({ name: part.name, loaded: own })
        }
        return {
          needs: union(loaded.map((part) => part.loaded.needs)),
          start: (session) => start(loaded, session, host),
          dispose: () => owned.dispose(),
        }
      }),
  }
}

/** Everything that one of several needs. */
function union(needs: readonly (StrategyNeeds | undefined)[]): StrategyNeeds {
  return {
    finalHidden: needs.some((each) => each?.finalHidden),
    layerInputs: [...new Set(needs.flatMap((each) => each?.layerInputs ?? []))],
  }
}

/** The parts of a composition in one session: every one sees every outcome, also when another drafted. How they draft is up to it. */
export abstract class Composition implements Proposer {
  protected readonly parts: readonly Part[]
  protected readonly owned: Owned = new Owned()
  /**
   * Of every round that was proposed and not observed yet the part whose draft is the tree that is verified, row by row; null where there
   * is none.
   */
  #speakers: (Part | null)[] = []

  /** `view`: what a part sees of the session. Throws what a part throws, and keeps nothing then. */
  constructor(parts: readonly NamedStrategy[], view: (owned: Owned) => SessionView) {
    try {
      this.parts = parts.map(({ name, loaded }) => {
        const proposer = started(name, () => loaded.start(view(this.owned)))
        this.owned.add({ dispose: () => proposer.dispose?.() })
        return { name, proposer }
      })
    } catch (error) {
      this.owned.dispose()
      throw error
    }
  }

  /** Where no part has to wait for an outcome, the composition has not either. */
  get ahead(): boolean {
    return this.parts.every(({ proposer }) => proposer.ahead === true)
  }

  /** Where every part is as new after going back to nothing, so is the composition. */
  get reusable(): boolean {
    return this.parts.every(({ proposer }) => proposer.reusable === true)
  }

  abstract propose(budget: Budget): Draft | Promise<Draft>

  follow(follow: Follow): readonly Program[] {
    const speaker = this.#speakers.at(-1) ?? null
    return this.parts.flatMap(
      (part) => part.proposer.follow?.({ ...follow, own: follow.own && part === speaker }) ?? [],
    )
  }

  async observe(committed: Committed): Promise<void> {
    const speaker = this.#speakers.shift() ?? null
    for (const part of this.parts) {
      const own = committed.own && part === speaker
      await callStrategy(part.name, 'observe a round', () => part.proposer.observe?.({ ...committed, own }))
    }
  }

  truncate(length: number): number {
    this.#speakers = []
    return this.parts.reduce((held, { proposer }) => Math.min(held, proposer.truncate?.(held) ?? held), length)
  }

  /** What the parts tell, by their names. */
  report(): Report {
    return Object.fromEntries(
      this.parts.flatMap(({ name, proposer }) => {
        const report = proposer.report?.()
        return report ? [[name, report]] : []
      }),
    )
  }

  dispose(): void {
    this.owned.dispose()
  }

  /** Says whose draft the round's tree is. */
  protected speaks(part: Part | null): void {
    if (!this.ahead) this.#speakers = []
    this.#speakers.push(part)
  }

  /** A part's draft, at once where it answers at once; null where it says nothing. What it throws carries its name. */
  protected request(part: Part, budget: Budget): Draft | Promise<Draft> {
    try {
      const draft = part.proposer.propose(budget)
      if (!(draft instanceof Promise)) return said(draft)
      return callStrategy(part.name, 'propose', () => draft).then(said)
    } catch (error) {
      throw strategyError(part.name, 'propose', error)
    }
  }
}

/** A part's draft as the composition's: credited to the part, unless that has said itself who drafted what. */
export function credited(draft: HostDraft | DeviceDraft, { name }: Part): Draft {
  return draft.by === undefined ? { ...draft, by: name } : draft
}

/** Goes through a composition's questions to its parts: at once where all of them answer at once. */
export function inTurn<T>(run: Questions<T>, answer: Draft = null): T | Promise<T> {
  for (let step = run.next(answer); ; step = run.next(step.value)) {
    if (step.done) return step.value
    if (step.value instanceof Promise) return step.value.then((draft) => inTurn(run, draft))
  }
}

/** Asks for drafts, and is given them. */
export type Questions<T> = Generator<Draft | Promise<Draft>, T, Draft>

function said(draft: Draft): Draft {
  const nodes = draft === null ? 0 : 'programs' in draft ? draft.nodes : draft.tokens.length
  return nodes === 0 ? null : draft
}

function started<T>(name: string, start: () => T): T {
  try {
    return start()
  } catch (error) {
    throw strategyError(name, 'start a session', error)
  }
}
