import { type Ops, Owned, type Proposer, type SessionView, type Strategy, type Tensor } from '@outrider/core'
import { MAX_TREE_ROWS } from '@outrider/core/spec'

/**
 * `inner`, whose trees are left by programs: as a drafter on the device does it, with the topology `told` to the engine or written by
 * the program. What it credits (names and words on the host) is laid on the device, too.
 */
export function onDevice(inner: Strategy, told: boolean): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...loaded,
        start: (session) => laying(loaded.start(session), session, told),
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

function laying(proposer: Proposer, session: SessionView, told: boolean): Proposer {
  const owned = new Owned()
  owned.add({ dispose: () => proposer.dispose?.() })
  try {
    return planned(proposer, session, told, owned)
  } catch (error) {
    owned.dispose()
    throw error
  }
}

function planned(proposer: Proposer, session: SessionView, told: boolean, owned: Owned): Proposer {
  const words = (label: string): Tensor => owned.add(session.backend.tensor([MAX_TREE_ROWS], 'u32', label))
  const [tokens, shape, credit] = [words('planned tokens'), words('planned shape'), words('planned credit')]
  const program = owned.add(
    session.backend.program('lay the plan', (ops) => {
      copyWords(ops, tokens, session.tree.tokens)
      if (!told) copyWords(ops, shape, session.tree.shape)
    }),
  )
  return {
    ...(proposer.shapes && { shapes: proposer.shapes }),
    propose: async (budget) => {
      const draft = await proposer.propose(budget)
      if (!draft || 'programs' in draft) return draft
      const nodes = draft.tokens.length
      const lay = (target: Tensor, values: readonly number[]) => session.backend.write(target, Uint32Array.from(values))
      lay(tokens, [0, ...draft.tokens])
      lay(shape, [nodes + 1, ...draft.parents.map((parent) => parent + 1)])
      const { by } = draft
      if (by && typeof by !== 'string') lay(credit, [0, ...by.of])
      const on = by && (typeof by === 'string' ? by : { names: by.names, of: credit })
      return { programs: [program], nodes, parents: told ? draft.parents : null, ...(on && { by: on }) }
    },
    follow: (pass) => proposer.follow?.(pass) ?? [],
    observe: (committed) => proposer.observe?.(committed),
    truncate: (length) => proposer.truncate?.(length) ?? length,
    dispose: () => owned.dispose(),
  }
}

function copyWords(ops: Ops, from: Tensor, to: Tensor): void {
  ops.kernel({
    label: 'copy words',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> to: array<u32>;
@compute @workgroup_size(${MAX_TREE_ROWS})
fn main(@builtin(local_invocation_index) lane: u32) { to[lane] = source[lane]; }`,
    tensors: [
      { tensor: from, access: 'read' },
      { tensor: to, access: 'read_write' },
    ],
    workgroups: [1],
    reference: ([source, target]) => (target as Uint32Array).set(source as Uint32Array),
  })
}
