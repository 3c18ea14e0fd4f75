import type { Dispatch, Recorder } from '../recorder'

/** Steps of one kind that the op right behind may take back, to do itself what they do: nothing stands between that could miss it. */
export class LastStep<T> {
  readonly #steps = new WeakMap<Recorder, { readonly step: number; readonly what: T }>()

  /** Records a dispatch that does `what`, and nothing else. Its pipeline does not begin to compile before it is sure to stay. */
  record(recorder: Recorder, what: T, dispatch: Dispatch): void {
    this.#steps.set(recorder, { step: recorder.count, what })
    recorder.later(dispatch.buffers, () => dispatch)
  }

  /** Takes the last step back if it is one that suits. */
  take(recorder: Recorder, suits: (what: T) => boolean): T | undefined {
    const last = this.#steps.get(recorder)
    if (!last || last.step !== recorder.count - 1 || !suits(last.what)) return undefined
    recorder.takeBack()
    this.#steps.delete(recorder)
    return last.what
  }
}
