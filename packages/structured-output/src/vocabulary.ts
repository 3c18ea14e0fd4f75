import type { ConstraintVocabulary } from '@outrider/core'

/** What the tokens of a vocabulary spell, as a trie in preorder: a node comes right before what is below it. */
export class Vocabulary {
  /** u32 words of a mask. */
  readonly words: number
  /** Of each node: its byte, its depth from 1 on, the node after all that is below it, and where its tokens end in `tokens`. */
  readonly byte: Uint8Array
  readonly depth: Uint32Array
  readonly after: Uint32Array
  readonly end: Uint32Array
  /** Tokens that spell something, by node. */
  readonly tokens: Uint32Array
  /** Bytes of the longest token. */
  readonly deepest: number
  /** Bytes that a token of their own spells. */
  readonly single: ReadonlySet<number>

  constructor(
    readonly eos: readonly number[],
    /** By id; undefined or empty: never part of a text. */
    readonly spelled: readonly (Uint8Array | undefined)[],
  ) {
    this.words = Math.ceil(spelled.length / 32)
    const ids = spelled.flatMap((bytes, id) => (bytes?.length && !eos.includes(id) ? [id] : []))
    const bytesOf = (id: number) => spelled[id] as Uint8Array
    ids.sort((a, b) => order(bytesOf(a), bytesOf(b)))
    const nodes: { byte: number; depth: number; after: number; end: number }[] = []
    const open: number[] = []
    const close = (depth: number) => {
      while (open.length > depth) (nodes[open.pop() as number] as { after: number }).after = nodes.length
    }
    let before: Uint8Array = new Uint8Array(0)
    for (const [at, id] of ids.entries()) {
      const bytes = bytesOf(id)
      close(shared(before, bytes))
      for (let depth = open.length; depth < bytes.length; depth++) {
        open.push(nodes.length)
        nodes.push({ byte: bytes[depth] as number, depth: depth + 1, after: 0, end: at })
      }
      ;(nodes[open.at(-1) as number] as { end: number }).end = at + 1
      before = bytes
    }
    close(0)
    this.byte = Uint8Array.from(nodes, ({ byte }) => byte)
    this.depth = Uint32Array.from(nodes, ({ depth }) => depth)
    this.after = Uint32Array.from(nodes, ({ after }) => after)
    this.end = Uint32Array.from(nodes, ({ end }) => end)
    this.tokens = Uint32Array.from(ids)
    this.deepest = nodes.reduce((most, { depth }) => Math.max(most, depth), 0)
    this.single = new Set(ids.filter((id) => bytesOf(id).length === 1).map((id) => bytesOf(id)[0] as number))
  }

  /** Whether this is the trie of these tokens. */
  holds(eos: readonly number[], spelled: readonly (Uint8Array | undefined)[]): boolean {
    if (spelled.length !== this.spelled.length || eos.join() !== this.eos.join()) return false
    return spelled.every((bytes, id) => same(bytes, this.spelled[id]))
  }
}

const recent: Vocabulary[] = []
/** Vocabularies that are kept; each is an engine's. */
const most = 4

/** The trie of an engine's vocabulary, built once for all its generations. */
export function vocabularyOf({ vocab, eos, bytes }: ConstraintVocabulary): Vocabulary {
  const spelled = Array.from({ length: vocab }, (_, id) => bytes(id))
  const known = recent.findIndex((one) => one.holds(eos, spelled))
  const found = known < 0 ? new Vocabulary(eos, spelled) : (recent.splice(known, 1)[0] as Vocabulary)
  recent.unshift(found)
  recent.length = Math.min(recent.length, most)
  return found
}

function order(a: Uint8Array, b: Uint8Array): number {
  const at = shared(a, b)
  return at < a.length && at < b.length ? (a[at] as number) - (b[at] as number) : a.length - b.length
}

/** Bytes that both begin with. */
function shared(a: Uint8Array, b: Uint8Array): number {
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at++
  return at
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && shared(a, b) === a.length)
}
