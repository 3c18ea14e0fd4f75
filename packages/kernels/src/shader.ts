import type { DeviceFacts } from './device'

/** Builds the WGSL of a kernel from its form, plain data. Nothing but the form and the device may change the text. */
export type Shader<Form> = (form: Form, device: DeviceFacts) => string

/** A shader with its form: stands for a text that need not be built. */
export interface Variant {
  /** With `key`, what a pipeline is found by. */
  readonly shader: object
  /** The form in JSON. */
  readonly key: string
  text(device: DeviceFacts): string
}

/** The text of `shader` for `form`; it is built only where no pipeline is known for it. */
export function variant<Form>(shader: Shader<Form>, form: Form): Variant {
  return { shader, key: JSON.stringify(form), text: (device) => shader(form, device) }
}
