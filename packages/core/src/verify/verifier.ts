import { OutriderError } from '../errors'
import { Programs, passReach } from '../model'
import { Owned } from '../owned'
import type {
  AcceptanceRule,
  Backend,
  DecoderModel,
  DeviceDraft,
  DeviceVerdict,
  KvCache,
  Ops,
  Pass,
  Program,
  SequenceTensors,
  Tensor,
  TreeTensors,
} from '../spec'
import { INDEX, MAX_TREE_ROWS, OUTCOME } from '../spec'
import { bucketFor, chunkRows } from './buckets'
import { Drawn } from './drawn'
import type { Sampler } from './sampler'

/** Hidden states to keep, by what strategies call them. */
export type Kept = ReadonlyMap<'final' | number, Tensor>

/** Layers that were run over a tree's rows before it is verified. */
export type Computed = NonNullable<DeviceDraft['computed']>

/** What a verifier works with; all of it belongs to the session. */
export interface VerifierParts {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly cache: KvCache
  readonly sequence: SequenceTensors
  readonly rule: AcceptanceRule
  readonly sampler: Sampler
  readonly maxRows: number
  readonly kept: Kept
}

/**
 * The tree-attention verification engine of one session: programs that run the target over a chunk of the prompt or over a
 * tree, judge the tree and commit the outcome. One program a bucket of rows and of reach, recorded when it is first needed.
 */
export class Verifier {
  readonly tree: TreeTensors
  readonly outcome: Tensor
  /** What drafts say they were drawn from; null where the rule does not ask. */
  readonly drawn: Drawn | null
  readonly #owned = new Owned()
  readonly #index: Tensor
  readonly #span: TreeTensors['tokens']
  readonly #limit: Tensor
  readonly #verdict: DeviceVerdict | null
  readonly #programs: Programs
  readonly #judged = new Map<string, Tensor>()
  /** Residual streams that passes went on from. */
  readonly #inputs: Tensor[] = []
  /** The model's own logits of the last pass that was recorded. */
  #logits: Tensor | null = null

  constructor(private readonly parts: VerifierParts) {
    const words = (count: number, label: string) => this.#owned.add(parts.backend.tensor([count], 'u32', label))
    try {
      this.tree = { tokens: words(MAX_TREE_ROWS, 'tree tokens'), shape: words(MAX_TREE_ROWS, 'tree shape') }
      this.outcome = words(OUTCOME.words, 'outcome')
      this.#index = words(INDEX.words, 'pass index')
      this.#span = words(MAX_TREE_ROWS, 'span tokens')
      this.#limit = words(1, 'span end')
      const { rule, backend, maxRows } = parts
      const { vocab } = parts.model.config
      this.drawn = rule.wantsQ ? this.#owned.add(new Drawn(backend, maxRows, vocab)) : null
      this.#verdict = 'device' in rule ? this.#owned.add(rule.device.start(backend, maxRows)) : null
      this.#programs = this.#owned.add(new Programs(parts.backend))
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** Whether programs go on from what a proposer has computed. */
  get continues(): boolean {
    return this.#inputs.length > 0
  }

  /** The pass of a prompt chunk of `rows` rows, `chunkRows` at most, after `length` committed entries. */
  chunkPass(rows: number, length: number): Pass {
    return this.#pass(bucketFor(rows, chunkRows(this.parts.maxRows)), length, this.#span)
  }

  /** The pass of a tree of `rows` rows, the pending one included, after `length` committed entries. Throws `TREE_TOO_LARGE`. */
  treePass(rows: number, length: number): Pass {
    if (rows > this.parts.maxRows)
      throw new OutriderError(
        'TREE_TOO_LARGE',
        `a tree of ${rows} rows exceeds the ${this.parts.maxRows} of this engine: raise maxRows, to ${MAX_TREE_ROWS} at most`,
      )
    return this.#pass(bucketFor(rows, this.parts.maxRows), length, this.tree.tokens)
  }

  /** Runs the target over committed positions length..to-1 (no logits) and moves the length there; `to` is what `setEnd` wrote. */
  prefill(pass: Pass): Program {
    const { sequence } = this.parts
    return this.#programs.get(`prefill ${sizeOf(pass)}`, (ops) => {
      ops.spanIndex({
        sequence,
        from: sequence.length,
        to: this.#limit,
        toOffset: 0,
        rows: pass.rows,
        tokens: pass.tokens,
        index: pass.index,
      })
      this.#run(ops, pass)
      ops.setLength({ sequence: { ...sequence, length: this.#limit }, length: sequence.length, offset: 0 })
    })
  }

  /** Where the next chunk of the prompt ends. */
  setEnd(to: number): void {
    this.parts.backend.write(this.#limit, Uint32Array.of(to))
  }

  /**
   * Runs the target (its layers from `computed` on; nothing where `forward` has run it) over the tree, judges it and commits the
   * outcome; a chain's accepted entries lie where they belong.
   */
  verify(pass: Pass, chain: boolean, from: Computed | 'forward' | null): Program {
    const { sampler, model } = this.parts
    const key = `verify ${sizeOf(pass)} ${chain ? 'chain' : 'tree'}${this.#after(from)}${sampler.key}`
    return this.#programs.get(key, (ops) => {
      const logits = this.#judge(ops, pass, from)
      const { vocab } = model.config
      const q = this.drawn?.rows ?? null
      this.#verdict?.record(ops, { logits, vocab, pass, sampling: sampler.tensors, outcome: this.outcome, q })
      this.#commit(ops, pass, chain)
    })
  }

  /** For processors on the host: runs the target over the tree and leaves what those on the device make of its logits in `givenOf`. */
  forward(pass: Pass, computed: Computed | null): Program {
    return this.#programs.get(`forward ${sizeOf(pass)}${this.#after(computed)}${this.parts.sampler.key}`, (ops) => {
      const given = this.givenOf(pass)
      ops.concat({ parts: [{ x: this.#forward(ops, pass, computed) }], out: given, rows: pass.rows })
      this.parts.sampler.processors(ops, given, pass)
    })
  }

  /** For a rule on the host: runs the target over the tree, as `verify` does, and leaves the processed logits in `logitsOf`. */
  inspect(pass: Pass, from: Computed | 'forward' | null): Program {
    return this.#programs.get(`inspect ${sizeOf(pass)}${this.#after(from)}${this.parts.sampler.key}`, (ops) => {
      ops.concat({ parts: [{ x: this.#judge(ops, pass, from) }], out: this.logitsOf(pass), rows: pass.rows })
    })
  }

  /** Logits f32 [rows of the bucket, vocab] that `forward` leaves. */
  givenOf(pass: Pass): Tensor {
    return this.#rowsOf(pass, 'logits for processors')
  }

  /** Logits f32 [rows of the bucket, vocab] that `inspect` leaves. */
  logitsOf(pass: Pass): Tensor {
    return this.#rowsOf(pass, 'logits')
  }

  /** For a rule on the host: commits the outcome that was written. */
  commit(pass: Pass, chain: boolean): Program {
    const key = `commit ${pass.rows} ${chain ? 'chain' : 'tree'}${this.parts.sampler.key}`
    return this.#programs.get(key, (ops) => this.#commit(ops, pass, chain))
  }

  /** Runs the target over a chain, as `verify` does, and commits the outcome that was written: tokens that were generated before. */
  replay(pass: Pass): Program {
    return this.#programs.get(`replay ${sizeOf(pass)}`, (ops) => {
      ops.treeIndex({ tree: this.tree, sequence: this.parts.sequence, index: pass.index })
      this.#run(ops, pass)
      ops.commitTokens({ outcome: this.outcome, sequence: this.parts.sequence })
    })
  }

  dispose(): void {
    this.#owned.dispose()
  }

  /** No position of the pass is above `length` and one a row. */
  #pass(rows: number, length: number, tokens: Tensor): Pass {
    return { rows, first: 0, reach: passReach(length + rows), tokens, index: this.#index }
  }

  #rowsOf(pass: Pass, what: string): Tensor {
    const label = `${what} of ${pass.rows} rows`
    const known = this.#judged.get(label)
    if (known) return known
    const tensor = this.#owned.add(this.parts.backend.tensor([pass.rows, this.parts.model.config.vocab], 'f32', label))
    this.#judged.set(label, tensor)
    return tensor
  }

  /** What in a program's key says where it goes on from. */
  #after(computed: Computed | 'forward' | null): string {
    if (computed === 'forward') return ' after forward'
    if (!computed || !this.#usable(computed)) return ''
    if (!this.#inputs.includes(computed.x)) this.#inputs.push(computed.x)
    return ` from ${computed.layer} of ${this.#inputs.indexOf(computed.x)}`
  }

  /** Hidden states that are kept of layers below have to be computed with the others' rows. */
  #usable({ layer }: Computed): boolean {
    return [...this.parts.kept.keys()].every((which) => which === 'final' || which >= layer)
  }

  #judge(ops: Ops, pass: Pass, from: Computed | 'forward' | null): Tensor {
    const { sampler } = this.parts
    if (from === 'forward') return sampler.choose(ops, this.givenOf(pass), pass)
    return sampler.process(ops, this.#forward(ops, pass, from), pass)
  }

  /** The model's own logits. */
  #forward(ops: Ops, pass: Pass, computed: Computed | null): Tensor {
    ops.treeIndex({ tree: this.tree, sequence: this.parts.sequence, index: pass.index })
    const x = this.#run(ops, pass, computed && this.#usable(computed) ? computed : null)
    this.#logits = this.parts.model.logits(ops, { x, rows: pass.rows, pass })
    return this.#logits
  }

  #commit(ops: Ops, pass: Pass, chain: boolean): void {
    const { outcome, tree } = this
    ops.commitTokens({ outcome, sequence: this.parts.sequence })
    if (!chain) this.parts.cache.compact(ops, outcome, pass.rows)
    this.parts.sampler.committed(ops, { outcome, logits: this.#logits as Tensor, rows: pass.rows, tree })
  }

  #run(ops: Ops, pass: Pass, computed: Computed | null = null): Tensor {
    const { model, cache, kept } = this.parts
    const capture = new Map<number, Tensor>()
    for (const [which, tensor] of kept) if (which !== 'final') capture.set(which, tensor)
    const start = computed && { from: computed.layer, x: computed.x }
    const x = model.forward(ops, { pass, cache, capture, ...start })
    const hidden = kept.get('final')
    if (hidden) ops.rmsNorm({ x, norm: model.finalNorm, out: hidden, rows: pass.rows })
    return x
  }
}

/** What in a program's key says which passes it serves. */
function sizeOf({ rows, reach }: Pass): string {
  return `${rows} below ${reach}`
}
