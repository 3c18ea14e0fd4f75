import { readChoice } from '../choice'
import { defaults, type Settings, type TabName } from './settings'

/** How one setting is written, and read back; undefined where it is no such setting. */
interface Field<T> {
  write(value: T): string
  read(text: string): T | undefined
}

const text: Field<string> = { write: (value) => value, read: (value) => value }

const number = (least: number, most = Number.MAX_SAFE_INTEGER, whole = true): Field<number> => ({
  write: String,
  read: (given) => {
    const value = Number(given)
    const right = given !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))
    return right ? value : undefined
  },
})

const json = <T>(check: (value: unknown) => T | undefined): Field<T> => ({
  write: (value) => JSON.stringify(value),
  read: (given) => {
    try {
      return check(JSON.parse(given))
    } catch {
      return undefined
    }
  },
})

const flag: Field<boolean> = {
  write: (value) => (value ? '1' : '0'),
  read: (given) => (given === '1' ? true : given === '0' ? false : undefined),
}

const fields: { readonly [name in keyof Settings]: Field<Settings[name]> } = {
  tab: { write: String, read: (given) => (given === 'decode' || given === 'compare' ? given : undefined) },
  model: text,
  choice: json((value) => readChoice(value) ?? undefined),
  prompt: text,
  chat: flag,
  maxTokens: number(1),
  temperature: number(0, 100, false),
  topK: number(0),
  topP: number(0, 1, false),
  seed: {
    write: String,
    read: (given) => (given === 'null' ? null : number(0).read(given)),
  },
  stop: json((value) => (Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined)),
  compared: json((value) => {
    const choices = Array.isArray(value) ? value.map(readChoice) : [null]
    return choices.every((each) => each !== null) ? choices : undefined
  }),
  comparedPrompts: text,
  comparedChat: flag,
  comparedTokens: number(2),
  comparedRepeats: number(1),
  comparedCost: flag,
}

/** What a run is made of, and what a comparison is. */
const held: Readonly<Record<TabName, readonly (keyof Settings)[]>> = {
  decode: ['model', 'choice', 'prompt', 'chat', 'maxTokens', 'temperature', 'topK', 'topP', 'seed', 'stop'],
  compare: [
    ...(['tab', 'model', 'compared', 'comparedPrompts', 'comparedChat'] as const),
    ...(['comparedTokens', 'comparedRepeats', 'comparedCost'] as const),
  ],
}

/** The part of an address that repeats what the tab does: what differs from the defaults, after the hash. */
export function writeLink(settings: Settings): string {
  const query = new URLSearchParams()
  for (const name of held[settings.tab]) {
    const written = writeField(name, settings)
    if (written !== writeField(name, defaults)) query.set(name, written)
  }
  return query.size > 0 ? `#${query}` : ''
}

/** Puts the link into the address bar. */
export function showLink(settings: Settings): void {
  history.replaceState(null, '', writeLink(settings) || location.pathname + location.search)
}

/** Settings of a link; what it does not hold, or holds in a wrong form, is the default. */
export function readLink(hash: string): Settings {
  const query = new URLSearchParams(hash.replace(/^#/, ''))
  const read = Object.entries(fields).flatMap(([name, field]) => {
    const written = query.get(name)
    const value = written === null ? undefined : field.read(written)
    return value === undefined ? [] : [[name, value]]
  })
  return { ...defaults, ...Object.fromEntries(read) }
}

function writeField<Name extends keyof Settings>(name: Name, settings: Settings): string {
  return fields[name].write(settings[name])
}
