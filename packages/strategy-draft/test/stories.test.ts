import type { Follow, Proposer, Strategy } from '@outrider/core'
import { testHead } from '../../../verify/src/head-tests'
import { draftModel } from '../src'

/** `inner` as it would be with a fault that no text shows: the prompt is never fed to it. */
function promptless(inner: Strategy): Strategy {
  const wrapped = (proposer: Proposer): Proposer => {
    const follow = (pass: Follow) => (pass.kind === 'prefill' ? [] : (proposer.follow?.(pass) ?? []))
    return new Proxy(proposer, {
      get: (target, key) => {
        if (key === 'follow') return follow
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return { start: (session) => wrapped(loaded.start(session)), dispose: () => loaded.dispose?.() }
    },
  }
}

const chain = draftModel({ model: 'models/stories-5m/draft', tokens: 5 })

testHead({ head: 'draft', chain, fault: promptless(chain), depth: 5 })
