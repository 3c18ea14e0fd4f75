import { OutriderError, type TensorFiles } from '@outrider/core'
import type { Layout } from './layouts'

/**
 * The tensors of modules by Hugging Face's names of layer parts, with norms as gains, whatever the layout stores; remembers which
 * were asked for.
 */
export class ModuleFiles implements TensorFiles {
  readonly location: string
  readonly names: readonly string[]
  readonly bytes: number
  readonly config: TensorFiles['config']
  readonly #used = new Set<string>()

  constructor(
    private readonly files: TensorFiles,
    private readonly layout: Layout,
    private readonly modules: readonly number[],
  ) {
    this.location = files.location
    this.config = files.config
    this.names = files.names.filter((name) => modules.some((module) => name.startsWith(layout.own(module))))
    this.bytes = files.bytes
  }

  has(name: string): boolean {
    return this.files.has(this.#stored(name))
  }

  shape(name: string): readonly number[] {
    return this.files.shape(this.#use(name))
  }

  matrix(...[name, shape]: Parameters<TensorFiles['matrix']>): ReturnType<TensorFiles['matrix']> {
    return this.files.matrix(this.#use(name), shape)
  }

  async vector(name: string, length?: number): Promise<Float32Array> {
    const values = await this.files.vector(this.#use(name), length)
    const { gainOffset } = this.layout
    return gainOffset && /norm(_\w+)?\.weight$/.test(name) ? values.map((value) => value + gainOffset) : values
  }

  integers(name: string, length?: number): Promise<readonly number[]> {
    return this.files.integers(this.#use(name), length)
  }

  close(): Promise<void> {
    return this.files.close()
  }

  /** Throws `UNSUPPORTED_CONFIG` where a module's tensor has had no part: it would draft without it, and badly. */
  checkAllUsed(): void {
    const left = this.names.filter((name) => !this.#used.has(name) && !name.includes('rotary_emb.'))
    if (left.length === 0) return
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${this.location}: a module in the layout ${this.layout.name} has no use for ${left.slice(0, 3).join(', ')}${left.length > 3 ? ` and ${left.length - 3} more tensors` : ''}: this variant is not known`,
      { details: { location: this.location, tensors: left } },
    )
  }

  #use(name: string): string {
    const stored = this.#stored(name)
    this.#used.add(stored)
    return stored
  }

  #stored(name: string): string {
    for (const module of this.modules) {
      const layer = `${this.layout.layer(module)}.`
      const part = name.startsWith(layer)
        ? this.layout.parts[name.slice(layer.length).replace(/\.weight$/, '')]
        : undefined
      if (part) return `${layer}${part}.weight`
    }
    return name
  }
}
