import type { Backend, WeightSource } from '@outrider/core/spec'
import { randomSource } from './weight-source'

/** `backend`, on which every weight of `vocab` rows is a random one in Q8_0: what is recorded for a quantised LM head. */
export function quantisedHeads(backend: Backend, vocab: number): Backend {
  const weight: Backend['weight'] = (source: WeightSource, label) =>
    backend.weight(source.shape[0] === vocab ? randomSource('q8_0', vocab, source.shape[1], 1) : source, label)
  return new Proxy(backend, {
    get: (target, key) => {
      if (key === 'weight') return weight
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
