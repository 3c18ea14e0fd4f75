/** A continuation that was seen, with how often. */
interface Node {
  count: number
  children: Map<number, Node> | null
}

/** A place in the tree below which continuations stand, and the length of the text that led there. */
interface SuffixMatch {
  readonly length: number
  readonly node: SuffixNode
}

/** What a drafter reads of a node. */
export interface SuffixNode {
  readonly count: number
  /** Continuations by token; null where none was seen. */
  readonly children: ReadonlyMap<number, SuffixNode> | null
}

/** One text on its way into a tree. */
export interface SuffixReader {
  /** Takes the text's next token in. */
  push(token: number): void
  /** Ends of the text that have a continuation, the longest first. */
  matches(): readonly SuffixMatch[]
}

/**
 * A tree of all pieces of up to `depth` tokens of the texts that were read, with counts. At `maxNodes` it forgets its rarest
 * pieces: halving all counts and dropping what is left without one, until half the room is free.
 */
export class SuffixTree {
  readonly #root: Node = { count: 0, children: null }
  #nodes = 0
  /** Grows whenever nodes are dropped: places that readers hold are then looked up anew. */
  #generation = 0

  constructor(
    private readonly depth: number,
    private readonly maxNodes: number,
  ) {}

  /** Nodes held, at most `maxNodes` and what one token adds. */
  get size(): number {
    return this.#nodes
  }

  /** Begins a text. */
  reader(): SuffixReader {
    const recent: number[] = []
    let places: Node[] = []
    let generation = this.#generation
    const refresh = (): void => {
      if (generation === this.#generation) return
      generation = this.#generation
      places = recent.map((_, i) => this.#find(recent.slice(i))).filter((node) => node !== null)
    }
    return {
      push: (token) => {
        if (this.#nodes >= this.maxNodes) this.#forget()
        refresh()
        // places[i] is where the i-th longest end of the text stands; each moves on by the token, and a new one begins.
        places = [...places, this.#root].slice(-this.depth).map((node) => this.#step(node, token))
        recent.push(token)
        if (recent.length > this.depth) recent.shift()
      },
      matches: () => {
        refresh()
        const found = places.map((node, i) => ({ length: places.length - i, node }))
        return found.filter(({ node }) => node.children !== null)
      },
    }
  }

  #step(from: Node, token: number): Node {
    from.children ??= new Map()
    let node = from.children.get(token)
    if (!node) {
      node = { count: 0, children: null }
      from.children.set(token, node)
      this.#nodes++
    }
    node.count++
    return node
  }

  #find(tokens: readonly number[]): Node | null {
    let node: Node | undefined = this.#root
    for (const token of tokens) node = node?.children?.get(token)
    return node ?? null
  }

  #forget(): void {
    while (this.#nodes > this.maxNodes / 2) this.#halve(this.#root)
    this.#generation++
  }

  #halve(node: Node): void {
    for (const [token, child] of node.children ?? []) {
      child.count >>= 1
      if (child.count > 0) this.#halve(child)
      else {
        this.#nodes -= size(child)
        node.children?.delete(token)
      }
    }
    if (node.children?.size === 0) node.children = null
  }
}

function size(node: Node): number {
  let total = 1
  for (const child of node.children?.values() ?? []) total += size(child)
  return total
}
