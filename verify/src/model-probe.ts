import {
  type Backend,
  type DecoderModel,
  type KvCache,
  Owned,
  type Program,
  Programs,
  type Tensor,
  type TokenTree,
} from '@outrider/core'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME } from '@outrider/core/spec'

/** What one pass gave, row by row. */
export interface PassResult {
  /** f32 [rows, vocab]. */
  readonly logits: readonly Float32Array[]
  /** After the final normalisation, f32 [rows, hidden]. */
  readonly finalHidden: readonly Float32Array[]
  /** Residual stream entering each captured layer, f32 [rows, hidden]. */
  readonly layerInputs: ReadonlyMap<number, readonly Float32Array[]>
}

/** Runs a decoder pass by pass, outside the decoding loop, to look at logits and hidden states. */
export class ModelProbe {
  readonly #owned = new Owned()
  readonly #cache: KvCache
  readonly #sequence: { readonly history: Tensor; readonly length: Tensor }
  readonly #tree: { readonly tokens: Tensor; readonly shape: Tensor }
  readonly #index: Tensor
  readonly #end: Tensor
  readonly #outcome: Tensor
  readonly #hidden: Tensor
  readonly #inputs: ReadonlyMap<number, Tensor>
  readonly #programs: Programs
  readonly #tensors = new Map<string, Tensor>()
  #tokens: number[] = []
  #length = 0

  constructor(
    private readonly backend: Backend,
    private readonly model: DecoderModel,
    slots: number,
    private readonly maxRows: number,
    layers: readonly number[] = [],
  ) {
    const words = (count: number, label: string) => this.#owned.add(backend.tensor([count], 'u32', label))
    const rows = (label: string) => this.#owned.add(backend.tensor([maxRows, model.config.hidden], 'f32', label))
    this.#cache = this.#owned.add(model.cache(slots, 'probe'))
    this.#sequence = { history: words(slots, 'history'), length: words(1, 'length') }
    this.#tree = { tokens: words(MAX_TREE_ROWS, 'tree tokens'), shape: words(MAX_TREE_ROWS, 'tree shape') }
    this.#index = words(INDEX.words, 'index')
    this.#end = words(1, 'end')
    this.#outcome = words(OUTCOME.words, 'outcome')
    this.#hidden = rows('final hidden')
    this.#inputs = new Map(layers.map((layer) => [layer, rows(`input of layer ${layer}`)]))
    this.#programs = this.#owned.add(new Programs(backend))
  }

  /** Commits tokens from the start; all but the last go into the cache, in passes of at most `chunk` rows. */
  async start(tokens: readonly number[], chunk: number = Math.min(this.maxRows, MAX_PATH)): Promise<void> {
    this.#tokens = [...tokens]
    this.#length = 0
    this.backend.write(this.#sequence.history, Uint32Array.from(tokens))
    this.backend.write(this.#sequence.length, Uint32Array.of(0))
    while (this.#length < tokens.length - 1) {
      const to = Math.min(tokens.length - 1, this.#length + chunk)
      this.backend.write(this.#end, Uint32Array.of(to))
      await this.backend.submit([this.#prefill(chunk)])
      this.#length = to
    }
  }

  /** Runs the pending token and a tree below it in a pass recorded for `rows` (default: as many as there are). */
  async tree(tree: TokenTree, rows: number = tree.tokens.length + 1): Promise<PassResult> {
    this.backend.write(this.#tree.tokens, Uint32Array.from([0, ...tree.tokens]))
    this.backend.write(this.#tree.shape, Uint32Array.from([tree.tokens.length + 1, ...tree.parents.map((p) => p + 1)]))
    const logits = this.#logits(rows)
    const inputs = [...this.#inputs.values()]
    const [first, hidden, ...layers] = await this.backend.submit(
      [this.#verify(rows, logits)],
      [logits, this.#hidden, ...inputs],
    )
    const count = tree.tokens.length + 1
    const split = (bytes: ArrayBuffer | undefined, width: number) =>
      Array.from({ length: count }, (_, r) => new Float32Array(bytes as ArrayBuffer, r * width * 4, width).slice())
    const { vocab, hidden: width } = this.model.config
    const layerInputs = new Map([...this.#inputs.keys()].map((layer, i) => [layer, split(layers[i], width)]))
    return { logits: split(first, vocab), finalHidden: split(hidden, width), layerInputs }
  }

  /** Keeps a path of the tree that was run last: its cache entries are compacted, `next` becomes the pending token. */
  async commit(tree: TokenTree, path: readonly number[], next: number): Promise<void> {
    const outcome = new Uint32Array(OUTCOME.words)
    const tokens = [...path.map((node) => tree.tokens[node] as number), next]
    outcome[OUTCOME.accepted] = path.length
    outcome[OUTCOME.length] = this.#length
    outcome.set([0, ...path.map((node) => node + 1)], OUTCOME.path)
    outcome.set(tokens, OUTCOME.tokens)
    this.backend.write(this.#outcome, outcome)
    const program = this.#programs.get('commit', (ops) => {
      this.#cache.compact(ops, this.#outcome, this.maxRows)
      ops.commitTokens({ outcome: this.#outcome, sequence: this.#sequence })
    })
    await this.backend.submit([program])
    this.#tokens.push(...tokens)
    this.#length += tokens.length
  }

  /** Committed tokens, the pending one last. */
  get tokens(): readonly number[] {
    return this.#tokens
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #prefill(rows: number): Program {
    return this.#programs.get(`prefill ${rows}`, (ops) => {
      const { length } = this.#sequence
      const span = { tokens: this.#tree.tokens, index: this.#index }
      ops.spanIndex({ sequence: this.#sequence, from: length, to: this.#end, toOffset: 0, rows, ...span })
      this.model.forward(ops, { pass: { rows, first: 0, ...span }, cache: this.#cache })
      ops.setLength({ sequence: { ...this.#sequence, length: this.#end }, length, offset: 0 })
    })
  }

  #verify(rows: number, out: Tensor): Program {
    return this.#programs.get(`verify ${rows}`, (ops) => {
      const pass = { rows, first: 0, tokens: this.#tree.tokens, index: this.#index }
      ops.treeIndex({ tree: this.#tree, sequence: this.#sequence, index: this.#index })
      const x = this.model.forward(ops, { pass, cache: this.#cache, capture: this.#inputs })
      ops.rmsNorm({ x, norm: this.model.finalNorm, out: this.#hidden, rows })
      ops.concat({ parts: [{ x: this.model.logits(ops, { x, rows, pass }) }], out, rows })
    })
  }

  #logits(rows: number): Tensor {
    const key = `logits ${rows}`
    const known = this.#tensors.get(key)
    if (known) return known
    const tensor = this.#owned.add(this.backend.tensor([rows, this.model.config.vocab], 'f32', key))
    this.#tensors.set(key, tensor)
    return tensor
  }
}
