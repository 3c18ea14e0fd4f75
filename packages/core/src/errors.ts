/**
 * What went wrong, as a closed set: the part of an error that programs may rely on.
 * Every public function's comment names the codes that it throws.
 */
export type ErrorCode =
  // files and checkpoints
  | 'FILE_NOT_FOUND'
  | 'FILE_TRUNCATED'
  | 'FILE_MALFORMED'
  | 'DOWNLOAD_FAILED'
  | 'TENSOR_MISSING'
  | 'TENSOR_SHAPE'
  | 'UNSUPPORTED_ARCHITECTURE'
  | 'UNSUPPORTED_CONFIG'
  | 'UNSUPPORTED_FORMAT'
  // text
  | 'TOKENIZER_MISSING'
  | 'TOKENIZER_MISMATCH'
  | 'CHAT_TEMPLATE_MISSING'
  | 'CHAT_TEMPLATE_FAILED'
  // requests
  | 'INVALID_OPTION'
  | 'PROMPT_EMPTY'
  | 'PROMPT_TOO_LONG'
  | 'ABORTED'
  | 'DISPOSED'
  | 'BUSY'
  // strategies
  | 'STRATEGY_UNKNOWN'
  | 'STRATEGY_DUPLICATE'
  | 'STRATEGY_VERSION'
  | 'STRATEGY_FAILED'
  | 'ACCEPTANCE_FAILED'
  | 'PROCESSOR_FAILED'
  | 'CONSTRAINT_FAILED'
  | 'VOCABULARY_MISMATCH'
  | 'TREE_MALFORMED'
  | 'TREE_TOO_LARGE'
  // devices
  | 'ADAPTER_MISSING'
  | 'DEVICE_LACKS'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'SHAPE_MISMATCH'
  | 'KERNEL_INVALID'
  | 'LOGITS_NOT_FINITE'
  | 'WIRING_FAILED'

const marker: symbol = Symbol.for('@outrider/core:error')

/** Facts about the failure, for programs and logs: names, expected and found values. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * The one error class of Outrider: a code from a closed set, a message that says what to do, and the facts.
 *
 * @example
 * ```ts
 * import { createEngine, OutriderError } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 *
 * try {
 *   await createEngine({ backend: webgpu(), model: './no-such-folder' })
 * } catch (error) {
 *   if (OutriderError.is(error, 'FILE_NOT_FOUND')) console.error(error.message)
 *   else throw error
 * }
 * ```
 */
export class OutriderError extends Error {
  override readonly name: string = 'OutriderError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.details = options.details ?? {}
    Object.defineProperty(this, marker, { value: true })
  }

  /** Whether `value` is an Outrider error, of `code` where given; holds across two installed copies of the package. */
  static is(value: unknown, code?: ErrorCode): value is OutriderError {
    const marked = typeof value === 'object' && value !== null && marker in value
    return marked && (code === undefined || (value as OutriderError).code === code)
  }
}
