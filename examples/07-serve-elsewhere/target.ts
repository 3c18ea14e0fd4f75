import { openTensors } from '@outrider/core'
import { UsageError } from '@outrider/example-02-compare/strategies'
import { servedLocation } from './location'

/** What of a target decides how it is served with a head. */
export interface Target {
  readonly location: string
  /** The first of `architectures`. */
  readonly architecture: string
  readonly layers: number
  readonly hidden: number
  readonly vocab: number
}

/** Reads a target's configuration. Throws `UsageError`, and what opening files throws. */
export async function readTarget(folder: string): Promise<Target> {
  const location = servedLocation(folder)
  const files = await openTensors(location)
  await files.close()
  const { config } = files
  if (!config)
    throw new UsageError(`${location}: there is no config.json beside the tensors, and both servers begin with it`)
  const number = (name: string): number => {
    const value = config[name]
    if (Number.isInteger(value)) return value as number
    throw new UsageError(`${location}: config.json has no ${name}: is it a decoder's folder?`)
  }
  return {
    location,
    architecture: [config.architectures].flat().find((name) => typeof name === 'string') ?? 'none',
    layers: number('num_hidden_layers'),
    hidden: number('hidden_size'),
    vocab: number('vocab_size'),
  }
}
