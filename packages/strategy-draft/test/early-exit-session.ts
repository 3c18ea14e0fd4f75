import {
  type Backend,
  createEngine,
  type DeviceDraft,
  type Engine,
  Owned,
  type Proposer,
  type SessionView,
  type Strategy,
  type Tensor,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect } from 'vitest'

type Stepper = ReturnType<Engine['openStepper']>

/** A session whose target's keys and values can be looked at. */
export interface Watched {
  readonly stepper: Stepper
  /** Bytes of the first `entries` entries, for each layer, keys and values, and head. */
  entries(entries: number): Promise<readonly Uint8Array[]>
  dispose(): Promise<void>
}

export async function watchedSession(
  model: string,
  strategy: Strategy | null,
  maxRows: number,
  inner: Backend = referenceBackend(),
): Promise<Watched> {
  const caches: Tensor[] = []
  const backend: Backend = new Proxy(inner, {
    get: (target, key) => {
      const value = target[key as keyof Backend]
      if (key !== 'tensor') return typeof value === 'function' ? value.bind(target) : value
      return (...args: Parameters<Backend['tensor']>) => {
        const tensor = target.tensor(...args)
        if (tensor.label.startsWith('target.kv')) caches.push(tensor)
        return tensor
      }
    },
  })
  const strategies = strategy ? [strategy] : []
  const engine = await createEngine({ backend, model, capacity: 150, maxRows, strategies, selfCheck: false })
  const stepper = engine.openStepper({ strategy: strategy?.name ?? 'plain' })
  return {
    stepper,
    entries: async (entries) => {
      const found: Uint8Array[] = []
      const read = await backend.submit([], caches)
      for (const [i, { shape }] of caches.entries()) {
        const [layers, two, heads, slots] = shape as readonly [number, number, number, number]
        const bytes = new Uint8Array(read[i] as ArrayBuffer)
        const row = bytes.length / (layers * two * heads * slots)
        for (let lane = 0; lane < layers * two * heads; lane++)
          found.push(bytes.slice(lane * slots * row, (lane * slots + entries) * row))
      }
      return found
    },
    dispose: async () => {
      await engine.dispose()
      expect(inner.stats.liveBytes).toBe(0)
    },
  }
}

/** `inner`, whose drafts on the device are changed before they are verified. */
export function changing(
  inner: Strategy,
  name: string,
  change: (session: SessionView, owned: Owned) => (draft: DeviceDraft) => DeviceDraft,
): Strategy {
  return {
    ...inner,
    name,
    load: async (host) => {
      const loaded = await inner.load(host)
      return { ...loaded, start: (session) => changed(loaded.start(session), (owned) => change(session, owned)) }
    },
  }
}

function changed(proposer: Proposer, change: (owned: Owned) => (draft: DeviceDraft) => DeviceDraft): Proposer {
  const owned = new Owned()
  owned.add({ dispose: () => proposer.dispose?.() })
  const apply = change(owned)
  return {
    propose: async (budget) => {
      const draft = await proposer.propose(budget)
      return draft && 'programs' in draft ? apply(draft) : draft
    },
    dispose: () => owned.dispose(),
  }
}
