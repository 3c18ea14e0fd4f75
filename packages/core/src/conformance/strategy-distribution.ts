import { onBench, prompts } from './bench'
import { drawFault } from './distribution'
import type { Check } from './harness'
import type { StrategySubject } from './strategy-subject'

/** What is drawn with a strategy's drafts is what the target draws, under every rule that promises so. */
export function distributionChecks(subject: StrategySubject): readonly Check[] {
  return subject.rules
    .filter(({ guarantee }) => guarantee !== 'lossy')
    .map((rule) => ({
      name: `tokens have the target's distribution under ${rule.name}`,
      faults: () =>
        onBench(subject.backend, { strategies: [subject.strategy()] }, async ({ engine, sight }) => {
          const [strategy = '', prompt = []] = [engine.strategies[1], prompts[1]]
          const fault = await drawFault(engine, { strategy, rule, prompt, count: subject.draws })
          return fault === null
            ? []
            : [
                `distribution: under ${rule.name} ${fault} (${sight.nodes} nodes drafted): where drafts tell what they were sampled from, they must have been sampled from just that, with noise of session.noise`,
              ]
        }),
    }))
}
