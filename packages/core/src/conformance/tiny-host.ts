import type { OpenOptions } from '../load'
import type { ModelLocation } from '../spec'
import { type TinyVariant, tinyConfig, tinyWeights } from './tiny-model'
import { tinyTokenizer } from './tiny-tokenizer'

/** Where the kit's models seem to be: the name is reserved, so nobody can be asked. */
const HOST = 'https://outrider.invalid'

/** The kit's models, as locations that an engine which opens with `tinyLoad` understands. */
export interface TinyModels {
  /** The target. */
  readonly target: ModelLocation
  /** A draft model with the target's vocabulary that agrees with it now and then. */
  readonly draft: ModelLocation
  /** The folder of the suite's own `files`. */
  readonly own: ModelLocation
}

/** What a strategy under test may load. */
export const tinyModels: TinyModels = { target: `${HOST}/target`, draft: `${HOST}/draft`, own: `${HOST}/own` }

/** Files by their names in the folder `TinyModels.own`. */
export type OwnFiles = Readonly<Record<string, string | Uint8Array>>

/** The target with other tokens that end a text. */
export function targetEndingWith(eos: number): ModelLocation {
  return `${HOST}/target-${eos}`
}

/** Opens the kit's models, and files of the caller's own, from memory. */
export function tinyLoad(files: OwnFiles = {}): Pick<OpenOptions, 'cacheDir' | 'fetch'> {
  return {
    cacheDir: null,
    fetch: async (input) => {
      const [model = '', file = ''] = String(input)
        .slice(HOST.length + 1)
        .split('/')
      const body = model === 'own' ? ownContent(files[file]) : content(model, file)
      return body === null ? new Response(null, { status: 404 }) : new Response(body)
    },
  }
}

function ownContent(file: string | Uint8Array | undefined): BodyInit | null {
  return file instanceof Uint8Array ? new Uint8Array(file) : (file ?? null)
}

function content(model: string, file: string): BodyInit | null {
  const variant = variantOf(model)
  if (!variant) return null
  if (file === 'config.json') return JSON.stringify(tinyConfig(variant))
  if (file === 'tokenizer.json') return JSON.stringify(tinyTokenizer())
  return file === 'model.safetensors' ? weights(variant) : null
}

function variantOf(model: string): TinyVariant | null {
  if (model === 'draft') return { blur: 0.12, eos: [0] }
  const found = /^target(?:-(\d+))?$/.exec(model)
  return found && { blur: 0, eos: [Number(found[1] ?? 0)] }
}

const made = new Map<number, Uint8Array<ArrayBuffer>>()

function weights(variant: TinyVariant): Uint8Array<ArrayBuffer> {
  const file = made.get(variant.blur) ?? tinyWeights(variant)
  made.set(variant.blur, file)
  return file
}
