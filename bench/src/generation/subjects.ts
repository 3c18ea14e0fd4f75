import { type Backend, createEngine, type Engine } from '@outrider/core'
import { generatedModel, openModel } from '../decode/open-model'
import { openBackend } from '../device'
import type { BenchSettings } from '../settings'
import { drafters, type NamedDrafter } from '../synthetic/expressions'
import { KnownTexts } from '../synthetic/known-texts'

/** A model with strategies to measure on it. */
export interface Subject {
  readonly name: string
  readonly engine: Engine
  readonly backend: Backend
  readonly drafters: readonly NamedDrafter[]
  /** What synthetic drafters know; filled before they draft. */
  readonly texts: KnownTexts
}

/** Opens one model after another, the real one of `--model` or generated ones, each with the strategies of `list`. */
export async function eachSubject(
  settings: BenchSettings,
  list: string,
  capacity: number,
  work: (subject: Subject) => Promise<void>,
): Promise<void> {
  const { model, heads, models, dtypes, tiny } = settings
  const open = async (
    name: string,
    make: (backend: Backend, drafters: readonly NamedDrafter[]) => Promise<Engine>,
  ): Promise<void> => {
    const texts = new KnownTexts()
    const named = drafters(settings.strategies ?? list, texts, heads ?? model)
    const backend = await openBackend(settings)
    try {
      const engine = await make(backend, named)
      const { device, arithmetic } = backend.info
      settings.output.always({ bench: settings.command, device, arithmetic, model: name })
      await work({ name, engine, backend, drafters: named, texts })
      await engine.dispose()
    } finally {
      backend.dispose()
    }
  }
  if (model !== null) {
    const make = (backend: Backend, named: readonly NamedDrafter[]) =>
      createEngine({ backend, model, capacity, strategies: named.map(({ strategy }) => strategy) })
    return open(model.replace(/.*[/\\](?=.)/, ''), make)
  }
  for (const name of models ?? [tiny ? 'tiny' : '1b'])
    for (const format of dtypes ?? ['q4_0']) {
      const made = generatedModel(name, format)
      await open(made.name, async (backend, named) => {
        const strategies = named.map(({ strategy }) => strategy)
        return (await openModel(backend, made, { capacity, maxRows: 64, strategies })).engine
      })
    }
}
