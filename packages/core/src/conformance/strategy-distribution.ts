import { anyPath } from './any-path'
import { failureOf, prompts } from './bench'
import { drawFault } from './distribution'
import type { Check } from './harness'
import { onStrategyBench, type StrategySubject } from './strategy-subject'

/** What is drawn with a strategy's drafts is what the target draws, under every rule that promises so. */
export function distributionChecks(subject: StrategySubject): readonly Check[] {
  const laws = subject.rules
    .filter(({ guarantee }) => guarantee !== 'lossy')
    .map((rule) => ({
      name: `tokens have the target's distribution under ${rule.name}`,
      faults: () =>
        onStrategyBench(subject, async ({ engine, strategy, sight }) => {
          let fault: string | null = null
          const error = await failureOf(async () => {
            fault = await drawFault(engine, { strategy, rule, prompt, count: subject.draws })
          })
          if (error !== null) fault = `a round failed: ${error}`
          return fault === null
            ? []
            : [
                `distribution: under ${rule.name} ${fault} (${sight.nodes} nodes drafted): where drafts tell what they were sampled from, they must have been sampled from just that, with the stream of noise that session.noise names`,
              ]
        }),
    }))
  return [...laws, { name: 'drafts are drawn with noise of their own', faults: () => noiseFaults(subject) }]
}

/**
 * Its last token was followed by three of the four tokens that have mass for the target now (10: 0.62, 8: 0.16, 27: 0.11; 9 after 27:
 * 0.24), and by 5, which is banned: what repeats the text is kept now and then, and refused, and without mass.
 */
const prompt: readonly number[] = [11, 5, 11, 10, 28, 11, 8, 19, 11, 27, 9, 11]

async function noiseFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ complete, strategy, sight }) => {
    for (const start of [prompt, ...prompts])
      await complete(start, {
        strategy,
        acceptance: anyPath().rule,
        maxTokens: 12,
        ignoreEos: true,
        temperature: 0.9,
        seed: 5,
      })
    return [...sight.streams]
      .filter((stream) => stream !== sight.named)
      .map(
        (stream) =>
          `noise: drafts were drawn with stream ${stream}, where session.noise names ${sight.named}: under a rule that does not promise the same tokens, a draft must not share the noise of the target, of acceptance or of recovery`,
      )
  })
}
