import type { DraftNoise, SessionView, Strategy } from '@outrider/core'

/** `inner` under another name, drafting with other noise than the session's, or with none. */
export function withOtherNoise(
  inner: Strategy,
  name: string,
  change: (noise: DraftNoise) => DraftNoise | null,
): Strategy {
  const view = (session: SessionView): SessionView =>
    new Proxy(session, {
      get: (target, key) => (key === 'noise' ? target.noise && change(target.noise) : Reflect.get(target, key)),
    })
  return {
    ...inner,
    name,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...(loaded.needs && { needs: loaded.needs }),
        start: (session) => loaded.start(view(session)),
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}
