import { type Budget, type DeviceDraft, Programs, type Proposer, type SessionView } from '@outrider/core'
import { HostLookup } from './lookup-on-host'
import type { LookupSizes } from './lookup-sizes'

const lanes = 256

/**
 * Goes through the committed text on the device, every round anew: nothing is kept, so nothing has to follow. Where the host reads every
 * tree of the device, it searches itself.
 */
export class DeviceLookup implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #programs: Programs
  /** By nodes. */
  readonly #drafts = new Map<number, DeviceDraft>()
  readonly #host: HostLookup

  constructor(
    private readonly session: SessionView,
    private readonly sizes: LookupSizes,
  ) {
    this.#programs = new Programs(session.backend)
    this.#host = new HostLookup(session, sizes)
  }

  propose(budget: Budget): ReturnType<Proposer['propose']> {
    if (budget.pruned) return this.#host.propose(budget)
    const nodes = Math.min(this.sizes.tokens, budget.nodes, budget.depth)
    if (nodes < 1) return null
    const draft = this.#drafts.get(nodes) ?? this.#draft(nodes)
    this.#drafts.set(nodes, draft)
    return draft
  }

  truncate(length: number): number {
    return this.#host.truncate(length)
  }

  dispose(): void {
    this.#programs.dispose()
  }

  #draft(nodes: number): DeviceDraft {
    const { sequence, tree } = this.session
    const sizes = { ...this.sizes, tokens: nodes }
    const program = this.#programs.get(`lookup of ${nodes} tokens`, (ops) =>
      ops.kernel({
        label: 'lookup',
        wgsl: shader(sizes),
        tensors: [
          { tensor: sequence.history, access: 'read' },
          { tensor: sequence.length, access: 'read' },
          { tensor: tree.tokens, access: 'read_write' },
          { tensor: tree.shape, access: 'read_write' },
        ],
        workgroups: [1],
        reference: (views) => search(views as readonly Uint32Array[], sizes),
      }),
    )
    return { programs: [program], nodes, parents: Array.from({ length: nodes }, (_, node) => node - 1), fewer: true }
  }
}

/** One workgroup: lanes share the places out; the longest match wins, of equals the latest. */
function shader({ minNgram, maxNgram, tokens: most }: LookupSizes): string {
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> history: array<u32>;
@group(0) @binding(1) var<storage, read> length: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> shape: array<u32>;
var<workgroup> longest: atomic<u32>;
var<workgroup> latest: atomic<u32>;
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  // Position of the pending token, the last of the text.
  let last = min(length[0], arrayLength(&history) - 1u);
  var size = 0u;
  var place = 0u;
  // What ends before \`end\` may be what the text ends with, and goes on with the token at \`end\`.
  for (var end = lane + 1u; end <= last; end += ${lanes}u) {
    let most = min(end, ${maxNgram}u);
    var same = 0u;
    while (same < most && history[end - 1u - same] == history[last - same]) { same++; }
    if (same >= max(size, ${minNgram}u)) {
      size = same;
      place = end;
    }
  }
  atomicMax(&longest, size);
  workgroupBarrier();
  if (size > 0u && size == atomicLoad(&longest)) { atomicMax(&latest, place); }
  workgroupBarrier();
  let found = atomicLoad(&latest);
  let count = select(min(${most}u, last + 1u - found), 0u, found == 0u);
  if (lane == 0u) { shape[0] = count + 1u; }
  if (lane < count) { tokens[lane + 1u] = history[found + lane]; }
}`
}

/** The same in plain loops. */
function search([history, length, tokens, shape]: readonly Uint32Array[], sizes: LookupSizes): void {
  const text = (history as Uint32Array).subarray(0, ((length as Uint32Array)[0] as number) + 1)
  const last = text.length - 1
  let [size, place] = [sizes.minNgram, 0]
  for (let end = 1; end <= last; end++) {
    let same = 0
    while (same < Math.min(end, sizes.maxNgram) && text[end - 1 - same] === text[last - same]) same++
    if (same >= size) [size, place] = [same, end]
  }
  const found = place === 0 ? [] : text.subarray(place, place + sizes.tokens)
  ;(shape as Uint32Array)[0] = found.length + 1
  ;(tokens as Uint32Array).set(found, 1)
}
