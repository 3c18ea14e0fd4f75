import type { GenerateOptions } from '../decode'
import type { RuleSubject } from './acceptance-subject'
import { failureOf, onBench, prompts } from './bench'
import type { Check } from './harness'
import { aroundText, scripted } from './scripted'
import { TINY_VOCAB } from './tiny-tokenizer'

/** The tokens of plain decoding: at temperature 0 unless the rule is lossy, above it where the rule promises the same tokens. */
export function textChecks(subject: RuleSubject): readonly Check[] {
  const { guarantee } = subject.rule()
  const greedy = { name: 'temperature 0 is greedy decoding', faults: () => textFaults(subject, { temperature: 0 }) }
  const same = {
    name: 'ids are those of plain decoding above temperature 0',
    faults: () => textFaults(subject, { temperature: 0.9, seed: 6, topP: 0.95, bannedTokens: [5] }),
  }
  return [...(guarantee === 'lossy' ? [] : [greedy]), ...(guarantee === 'same-tokens' ? [same] : [])]
}

async function textFaults({ rule, backend }: RuleSubject, sampling: GenerateOptions): Promise<readonly string[]> {
  const faults: string[] = []
  for (const prompt of prompts) {
    const options = { maxTokens: 30, ignoreEos: true, ...sampling }
    const plain = await onBench(backend, {}, async ({ complete }) => (await complete(prompt, options)).ids)
    const strategies = [scripted(aroundText([...prompt, ...plain], TINY_VOCAB))]
    await onBench(backend, { strategies }, async ({ complete }) => {
      const error = await failureOf(async () => {
        const { ids } = await complete(prompt, { ...options, strategy: 'scripted', acceptance: rule() })
        if (ids.join() !== plain.join())
          faults.push(
            `text: with ${JSON.stringify(sampling)} [${ids}] came instead of [${plain}]: a draft token is kept exactly where it is the token that plain decoding takes after its parent's row`,
          )
      })
      if (error !== null) faults.push(`text: a generation failed: ${error}`)
    })
  }
  return faults
}
