import { arithmeticChecks } from './backend-arithmetic'
import { memoryChecks } from './backend-memory'
import type { MakeBackend } from './bench'
import { register, type TestFunctions } from './harness'

/** What a backend's suite is given. */
export interface BackendConformance {
  /** Makes a backend, anew for every check; the kit disposes of it. */
  readonly backend: MakeBackend
}

/**
 * Registers a backend's suite: memory that is zeroed, counted and given back, errors with their codes, programs in order in one
 * submission, a model's logits and draws close to the reference backend's, and the same bits for a row in passes of every size. A
 * strategy's suite on the same backend (`strategyConformance`) goes with it.
 *
 * @example
 * ```ts
 * import { backendConformance, type TestFunctions } from '@outrider/core/conformance'
 * import { webgpu } from '@outrider/kernels'
 *
 * export const suite = (functions: TestFunctions): void => backendConformance(functions, { backend: () => webgpu() })
 * ```
 */
export function backendConformance(functions: TestFunctions, options: BackendConformance): void {
  register(functions, [...memoryChecks(options.backend), ...arithmeticChecks(options.backend)])
}
