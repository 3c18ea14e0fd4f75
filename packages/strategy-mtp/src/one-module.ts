import type { FeatureArgs, FeatureHead, Ops, Tensor } from '@outrider/core'
import type { MtpModules } from './module'
import { pickStates, type TargetState } from './target-state'

/** One module, used for every token that is drafted. */
export class OneModule implements FeatureHead {
  readonly label = 'mtp'
  readonly targetIds: null = null

  constructor(
    private readonly modules: MtpModules,
    readonly reads: TargetState,
  ) {}

  get cache(): FeatureHead['cache'] {
    return { ...this.modules.weights.model, layers: 1 }
  }

  get width(): number {
    return this.modules.weights.model.hidden
  }

  get vocab(): number {
    return this.modules.vocab
  }

  get gathered(): Tensor {
    return this.modules.gathered
  }

  get mostLogits(): number {
    return this.modules.mostLogits
  }

  features(ops: Ops, args: FeatureArgs): Tensor {
    return pickStates(ops, args, this.gathered)
  }

  step(ops: Ops, { pass, g, own, cache }: Parameters<FeatureHead['step']>[1]): Tensor {
    return this.modules.step(ops, { module: 0, pass, g, own, cache: cache.layer(0) })
  }

  logits(ops: Ops, { x, rows, pass }: Parameters<FeatureHead['logits']>[1]): Tensor {
    return this.modules.logits(ops, { module: 0, x, rows, pass })
  }
}
