import { Owned, type Strategy, type StrategyNeeds } from '@outrider/core'

/**
 * `inner` as it would be with a fault that no text shows: it sees the target's hidden states one pass late. A chain of one-row
 * passes then drafts from the position before the right one.
 */
export function lateHidden(inner: Strategy): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        start: (session) => {
          const { backend, maxRows: rows } = session
          const owned = new Owned()
          const late = [...whichOf(inner.needs), ...whichOf(loaded.needs)].map((which) => {
            const hidden = session.hidden(which)
            if (!hidden) throw new Error(`hidden state ${which} is not kept`)
            const copy = (label: string) => owned.add(backend.tensor(hidden.shape, 'f32', label))
            return { which, hidden, now: copy('hidden state'), before: copy('late hidden state') }
          })
          const keep = owned.add(
            backend.program('keep hidden states', (ops) => {
              for (const { hidden, now, before } of late) {
                ops.concat({ parts: [{ x: now }], out: before, rows })
                ops.concat({ parts: [{ x: hidden }], out: now, rows })
              }
            }),
          )
          const hidden = (which: 'final' | number) => late.find((each) => each.which === which)?.before
          const proposer = loaded.start(
            new Proxy(session, { get: (target, key) => (key === 'hidden' ? hidden : Reflect.get(target, key)) }),
          )
          return {
            propose: (budget) => proposer.propose(budget),
            follow: (pass) => [keep, ...(proposer.follow?.(pass) ?? [])],
            observe: (committed) => proposer.observe?.(committed),
            truncate: (length) => proposer.truncate?.(length) ?? length,
            dispose: () => {
              proposer.dispose?.()
              owned.dispose()
            },
          }
        },
        ...(loaded.needs && { needs: loaded.needs }),
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

function whichOf(needs: StrategyNeeds | undefined): readonly ('final' | number)[] {
  return [...(needs?.finalHidden ? (['final'] as const) : []), ...(needs?.layerInputs ?? [])]
}
