import { type Backend, createEngine, type Engine, type Strategy } from '@outrider/core'
import { generatedModel, openModel } from '../decode/open-model'
import { openBackend } from '../device'
import type { BenchSettings } from '../settings'
import { drafters, type NamedDrafter } from '../synthetic/expressions'
import { KnownTexts } from '../synthetic/known-texts'
import { TargetProbe } from '../target-probe'

/** A model with strategies to measure on it. */
export interface Subject {
  readonly name: string
  readonly engine: Engine
  readonly backend: Backend
  /** What strategies see of the target. */
  readonly probe: TargetProbe
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
    make: (backend: Backend, strategies: readonly Strategy[]) => Promise<Engine>,
  ): Promise<void> => {
    const texts = new KnownTexts()
    const named = drafters(settings.strategies ?? list, texts, heads ?? model)
    const backend = await openBackend(settings)
    try {
      const probe = new TargetProbe()
      const engine = await make(backend, [probe, ...named.map(({ strategy }) => strategy)])
      const { device, arithmetic } = backend.info
      settings.output.always({ bench: settings.command, device, arithmetic, model: name })
      await work({ name, engine, backend, probe, drafters: named, texts })
      await engine.dispose()
    } finally {
      backend.dispose()
    }
  }
  if (model !== null) {
    const name = model.replace(/.*[/\\](?=.)/, '')
    return open(name, (backend, strategies) => createEngine({ backend, model, capacity, strategies }))
  }
  for (const name of models ?? [tiny ? 'tiny' : '1b'])
    for (const format of dtypes ?? ['q4_0']) {
      const made = generatedModel(name, format)
      await open(made.name, async (backend, strategies) => {
        return (await openModel(backend, made, { capacity, maxRows: 64, strategies })).engine
      })
    }
}
