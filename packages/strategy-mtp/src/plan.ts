import { isChain, type ModelConfig, OutriderError, type RankPaths, staticTree } from '@outrider/core'
import { MAX_PATH } from '@outrider/core/spec'
import type { Layout } from './layouts'
import type { MtpOptions } from './options'

/**
 * The modules to use, of those that were found. Throws `TENSOR_MISSING` (a gap), `UNSUPPORTED_CONFIG` (the module of another target),
 * `INVALID_OPTION`.
 */
export function usedModules(
  { layout, modules }: { readonly layout: Layout; readonly modules: readonly number[] },
  { layers }: ModelConfig,
  { modules: wanted = modules.length }: MtpOptions,
  location: string,
): readonly number[] {
  const [first = 0] = modules
  const gap = modules.findIndex((module, i) => module !== first + i)
  if (gap >= 0)
    throw new OutriderError('TENSOR_MISSING', `${location} has modules ${modules}: one between them is missing`, {
      details: { location, modules },
    })
  if (first !== 0 && first !== layers)
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${location}: its module is layer ${first} of its model (${layout.name}), but the target has ${layers} layers: take the module of this target`,
      { details: { location, layer: first, targetLayers: layers } },
    )
  if (wanted > modules.length)
    throw new OutriderError(
      'INVALID_OPTION',
      `mtp: ${wanted} modules are wanted, but ${location} has ${modules.length}`,
    )
  return modules.slice(0, wanted)
}

/** Checks that so many modules can draft the paths. Throws `INVALID_OPTION`. */
export function checkPlan(
  paths: RankPaths,
  { layout, modules, vocab }: { readonly layout: Layout; readonly modules: number; readonly vocab: number },
  { tokens = 0, fed, recycled }: MtpOptions,
): void {
  const trunk = layout.fed === 'trunk'
  if (trunk && (fed ?? recycled))
    refuse(`heads in the layout ${layout.name} are fed the trunk and recycle nothing: leave fed and recycled away`)
  if ((trunk || modules > 1) && tokens > modules)
    refuse(`${tokens} tokens need as many modules, but there are ${modules}: use one of them for all with modules: 1`)
  if (!trunk && modules > 1 && !(isChain(staticTree(paths, paths.length, MAX_PATH).parents) && paths.length <= modules))
    refuse(`${modules} modules draft a chain of ${modules} tokens: for a tree use the first alone, with modules: 1`)
  const rank = paths.flat().find((each) => each >= vocab)
  if (rank !== undefined) refuse(`there is no choice of rank ${rank} among ${vocab} tokens`)
}

function refuse(what: string): never {
  throw new OutriderError('INVALID_OPTION', `mtp: ${what}`)
}
