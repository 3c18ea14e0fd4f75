import type { EngineOptions } from '@outrider/core'
import { embedded } from '../embedded'
import type { OpenRequest } from '../protocol'
import { pickedFetch, pickedModel } from './picked-folder'

/** Where a request's model lies, and how it is read. */
export interface Place {
  readonly name: string
  readonly location: string
  /** Folders with checkpoints, as far as they can be known. */
  readonly heads: readonly string[]
  readonly load: NonNullable<EngineOptions['load']>
  /** Finds a checkpoint that is named as a folder of the model, or that lies anywhere else. */
  locate(checkpoint: string): string
}

/** Finds the place of a model. */
export function placeOf({ model, pageUrl }: OpenRequest): Place {
  if (model.kind === 'files') {
    const { location, base, heads } = pickedModel(model.files)
    const load = { fetch: pickedFetch(model.files), cacheDir: null }
    return { name: model.name, location, heads, load, locate: (checkpoint) => below(base, checkpoint, pageUrl) }
  }
  const own = model.kind === 'embedded'
  const location = absolute(own ? embedded.path : model.location, pageUrl)
  // Heads of a GGUF file lie beside it.
  const base = `${location.replace(/\/[^/]+\.(gguf|safetensors)$/, '').replace(/\/$/, '')}/`
  return {
    name: own ? embedded.name : model.location,
    location,
    heads: own ? embedded.heads : [],
    load: {},
    locate: (checkpoint) => below(base, checkpoint, pageUrl),
  }
}

function below(base: string, checkpoint: string, pageUrl: string): string {
  return checkpoint.includes('/') ? absolute(checkpoint, pageUrl) : `${base}${checkpoint}`
}

/** A worker would take paths as relative to its own script. */
function absolute(location: string, pageUrl: string): string {
  return /^\.{0,2}\//.test(location) ? new URL(location, pageUrl).href : location
}
